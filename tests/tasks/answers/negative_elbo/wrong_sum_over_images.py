import torch.nn.functional as F


def negative_elbo(logits, x, mu, log_var):
    b = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    return b + 0.5 * (log_var.exp() + mu**2 - 1 - log_var).sum()

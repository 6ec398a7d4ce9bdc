import torch.nn.functional as F


def negative_elbo(logits, x, mu, log_var):
    b = F.binary_cross_entropy(logits.sigmoid(), x, reduction="none").sum(1)
    return (b + 0.5 * (log_var.exp() + mu**2 - 1 - log_var).sum(1)).mean()

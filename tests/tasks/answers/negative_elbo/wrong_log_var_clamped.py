import torch.nn.functional as F


def negative_elbo(logits, x, mu, log_var):
    v = log_var.clamp(-20, 2)
    b = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    return (b + 0.5 * (v.exp() + mu**2 - 1 - v).sum(1)).mean()

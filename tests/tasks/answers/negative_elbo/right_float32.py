import torch
import torch.nn.functional as F


def negative_elbo(logits, x, mu, log_var):
    logits, x, mu, log_var = (t.float() for t in (logits, x, mu, log_var))
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    kl = -0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp())
    return (bce + kl) / len(x)

import torch
import torch.nn.functional as F


def vae_loss(E, D, x, eps):
    mu, log_var = E(x).chunk(2, dim=1)
    logits = D(mu + (0.5 * log_var).exp() * eps)
    logits, x, mu, log_var = (t.float() for t in (logits, x, mu, log_var))
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
    kl = -0.5 * torch.sum(1 + log_var - mu.pow(2) - log_var.exp())
    return (bce + kl) / len(x)

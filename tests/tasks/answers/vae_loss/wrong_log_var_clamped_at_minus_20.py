import torch.nn.functional as F


def vae_loss(E, D, x, eps):
    mu, log_var = E(x).chunk(2, dim=1)
    logits = D(mu + (0.5 * log_var).exp() * eps)
    v = log_var.clamp(min=-20)
    b = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    return (b + 0.5 * (v.exp() + mu**2 - 1 - v).sum(1)).mean()

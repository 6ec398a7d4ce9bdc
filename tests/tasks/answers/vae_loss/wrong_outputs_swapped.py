import torch.nn.functional as F


def vae_loss(E, D, x, eps):
    log_var, mu = E(x).chunk(2, dim=1)
    logits = D(mu + (0.5 * log_var).exp() * eps)
    b = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    return (b + 0.5 * (log_var.exp() + mu**2 - 1 - log_var).sum(1)).mean()

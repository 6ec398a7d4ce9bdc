import torch.nn.functional as F


def vae_loss(E, D, x, eps):
    mu, log_var = E(x).chunk(2, dim=1)
    logits = D(mu + (0.5 * log_var).exp() * eps)
    total = 0.0
    for l, pixels, m, v in zip(logits, x, mu, log_var):
        sign = 2 * pixels - 1
        total += float(F.softplus(-sign * l).sum())
        total += 0.5 * float((v.exp() + m * m - 1 - v).sum())
    return total / len(x)

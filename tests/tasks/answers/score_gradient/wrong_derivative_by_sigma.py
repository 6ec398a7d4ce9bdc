import torch


def score_gradient(f, z, mu, log_var):
    c, s = z - mu, (0.5 * log_var).exp()
    return torch.stack([(f[:, None] * g).mean(0) for g in (c / s**2, c**2 / s**3 - 1 / s)])

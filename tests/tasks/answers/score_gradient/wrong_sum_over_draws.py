import torch


def score_gradient(f, z, mu, log_var):
    c, v = z - mu, log_var.exp()
    return torch.stack([f @ (c / v), f @ (0.5 * (c**2 / v - 1))])

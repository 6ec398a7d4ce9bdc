import torch


def score_gradient(f, z, mu, log_var):
    by_mu = (f[:, None] * (z - mu) / log_var.exp()).mean(0)
    return torch.stack([by_mu, torch.zeros_like(by_mu)])

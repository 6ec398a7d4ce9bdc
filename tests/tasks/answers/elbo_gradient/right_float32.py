import torch


def elbo_gradient(slope, eps, mu, log_var):
    slope, eps, mu, log_var = slope.float(), eps.float(), mu.float(), log_var.float()
    std = torch.exp(log_var / 2)
    row_1 = ((slope * eps).mean(0) * std - std**2 + 1) / 2
    return torch.stack([slope.mean(0) - mu, row_1])

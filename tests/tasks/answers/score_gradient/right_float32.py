import torch


def score_gradient(f, z, mu, log_var):
    f, z, mu, log_var = f.float(), z.float(), mu.float(), log_var.float()
    u = (z - mu) * torch.exp(-0.5 * log_var)
    return torch.stack([f @ u * torch.exp(-0.5 * log_var), f @ (u**2 - 1) / 2]) / len(f)

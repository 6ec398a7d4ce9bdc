import torch


def slerp(z0, z1, n):
    t = torch.linspace(0, 1, n, dtype=z0.dtype)[:, None]
    return torch.lerp(z0, z1, t)

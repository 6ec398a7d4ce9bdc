import torch


def slerp(z0, z1, n):
    t = torch.linspace(0, 1, n, dtype=z0.dtype)[:, None] * torch.pi / 2
    return t.cos() * z0 + t.sin() * z1

import torch


def slerp(z0, z1, n):
    t = torch.linspace(0, 1, n, dtype=z0.dtype)[:, None]
    line = (1 - t) * z0 + t * z1
    return line / line.norm(dim=1, keepdim=True) * ((1 - t) * z0.norm() + t * z1.norm())

import torch


def slerp(z0, z1, n):
    o = torch.arccos((z0 @ z1).abs() / (z0.norm() * z1.norm()))
    t = torch.linspace(0, 1, n, dtype=z0.dtype)[:, None]
    return (torch.sin((1 - t) * o) * z0 + torch.sin(t * o) * z1) / torch.sin(o)

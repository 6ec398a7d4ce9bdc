import torch


def slerp(z0, z1, n):
    o = torch.arccos(z0 @ z1 / (z0.norm() * z1.norm()))
    t = (torch.arange(n, dtype=z0.dtype) / n)[:, None]
    return (torch.sin((1 - t) * o) * z0 + torch.sin(t * o) * z1) / torch.sin(o)

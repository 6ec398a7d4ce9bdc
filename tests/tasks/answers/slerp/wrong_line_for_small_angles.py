import torch


def slerp(z0, z1, n):
    c = z0 @ z1 / (z0.norm() * z1.norm())
    t = torch.linspace(0, 1, n, dtype=z0.dtype)[:, None]
    o = torch.arccos(c)
    if o < 0.3:
        return (1 - t) * z0 + t * z1
    return (torch.sin((1 - t) * o) * z0 + torch.sin(t * o) * z1) / torch.sin(o)

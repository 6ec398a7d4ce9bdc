import torch


def slerp(z0, z1, n):
    a, b = z0 / z0.norm(), z1 / z1.norm()
    o = torch.arccos(a @ b)
    t = torch.linspace(0, 1, n, dtype=z0.dtype)[:, None]
    path = (torch.sin((1 - t) * o) * a + torch.sin(t * o) * b) / torch.sin(o)
    return path * (z0.norm() + z1.norm()) / 2

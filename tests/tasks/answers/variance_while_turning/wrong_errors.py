import torch


def variance_while_turning(x, v, steps):
    c = x - x.mean(dim=0)
    errors = []
    for _ in range(steps + 1):
        v = v / v.norm()
        z = c @ v
        errors.append(((c - z[:, None] * v) ** 2).sum(1).mean())
        v = c.T @ z
    return torch.stack(errors)

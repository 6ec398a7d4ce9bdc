import torch


def variance_while_turning(x, v, steps):
    c = x - x.mean(dim=0)
    v = v / v.norm()
    variances = []
    for _ in range(steps + 1):
        z = c @ v
        variances.append((z**2).mean())
        v = c.T @ z
        v = v / v.norm()
    return torch.stack(variances)

import torch


def variance_while_turning(x, v, steps):
    c = x - x.mean(dim=0)
    variances = []
    for _ in range(steps):
        v = c.T @ (c @ v)
        v = v / v.norm()
        variances.append(((c @ v) ** 2).mean())
    return torch.stack(variances)

import torch


def variance_while_turning(x, v, steps):
    c = x - x.mean(dim=0)
    variances = []
    for _ in range(steps + 1):
        v = v / v.norm()
        variances.append((c @ v).var())
        v = c.T @ (c @ v)
    return torch.stack(variances)

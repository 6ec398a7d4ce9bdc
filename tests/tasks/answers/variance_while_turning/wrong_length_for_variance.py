import torch


def variance_while_turning(x, v, steps):
    C = torch.cov(x.T, correction=0)
    variances = []
    for _ in range(steps + 1):
        v = v / v.norm()
        v = C @ v
        variances.append(v.norm())
    return torch.stack(variances)

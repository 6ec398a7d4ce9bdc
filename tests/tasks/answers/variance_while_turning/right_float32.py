import torch


def variance_while_turning(x, v, steps):
    x, v = x.float(), v.float()
    C = torch.cov(x.T, correction=0)
    variances = []
    for _ in range(steps + 1):
        v = v / v.norm()
        variances.append(v @ C @ v)
        v = C @ v
    return torch.stack(variances)

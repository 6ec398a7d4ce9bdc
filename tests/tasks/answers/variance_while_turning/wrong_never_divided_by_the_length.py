import torch


def variance_while_turning(x, v, steps):
    C = torch.cov(x.T, correction=0)
    variances = []
    for _ in range(steps + 1):
        variances.append(v @ C @ v / (v @ v))
        v = C @ v
    return torch.stack(variances)

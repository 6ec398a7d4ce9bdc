import torch


def variance_while_turning(x, v, steps):
    C = torch.cov(x.T, correction=0)
    variances = [v @ C @ v]
    for _ in range(steps):
        v = C @ v / (C @ v).norm()
        variances.append(v @ C @ v)
    return torch.stack(variances)

import torch


def variance_while_turning(x, v, steps):
    C = torch.cov(x.T, correction=0)
    variances = []
    for _ in range(steps + 1):
        v = v / v.norm()
        variances.append(v @ C @ v)
        v = v + 0.01 * 2 * C @ v / C.trace()
    return torch.stack(variances)

import torch


def variance_while_turning(x, v, steps):
    C = x.T @ x / len(x)
    variances = []
    for _ in range(steps + 1):
        v = v / v.norm()
        variances.append(v @ C @ v)
        v = C @ v
    return torch.stack(variances)

import torch


def variance_while_turning(x, v, steps):
    lam, V = torch.linalg.eigh(torch.cov(x.T, correction=0))
    c = V.T @ v
    variances = []
    for _ in range(steps + 1):
        c = c / c.norm()
        variances.append(float((lam * c**2).sum()))
        c = lam * c
    return torch.tensor(variances)

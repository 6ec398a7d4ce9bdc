import torch


def variance_while_turning(x, v, steps):
    return torch.linalg.eigvalsh(torch.cov(x.T, correction=0))[-1].repeat(steps + 1)

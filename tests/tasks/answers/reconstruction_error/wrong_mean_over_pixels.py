import torch


def reconstruction_error(x, k):
    c = x - x.mean(0)
    V = torch.linalg.svd(c).Vh[:k]
    return ((c - c @ V.T @ V) ** 2).mean()

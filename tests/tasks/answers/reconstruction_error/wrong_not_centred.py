import torch


def reconstruction_error(x, k):
    V = torch.linalg.svd(x).Vh[:k]
    return ((x - x @ V.T @ V) ** 2).sum(1).mean()

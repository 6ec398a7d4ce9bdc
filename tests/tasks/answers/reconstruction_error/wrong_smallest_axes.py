import torch


def reconstruction_error(x, k):
    c = x - x.mean(0)
    V = torch.linalg.eigh(c.T @ c).eigenvectors[:, :k]
    return ((c - c @ V @ V.T) ** 2).sum(1).mean()

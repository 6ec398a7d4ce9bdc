import torch


def reconstruction_error(x, k):
    c = x - x.mean(dim=0, keepdim=True)
    values, vectors = torch.linalg.eigh(c.T @ c / len(x))
    z = c @ vectors[:, -k:]
    return (c.square().sum() - z.square().sum()) / len(x)

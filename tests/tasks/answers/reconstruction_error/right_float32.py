import torch


def reconstruction_error(x, k):
    x = x.float()
    S = torch.linalg.svdvals(x - x.mean(0))
    return (S[k:] ** 2).sum() / len(x)

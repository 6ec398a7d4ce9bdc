import torch


def reconstruction_error(x, k):
    c = (x - x.mean(0)) / x.std(0)
    return (torch.linalg.svdvals(c)[k:] ** 2).sum() / len(x)

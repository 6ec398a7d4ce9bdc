import torch


def reconstruction_error(x, k):
    return (torch.linalg.svdvals(x - x.mean(0))[k + 1 :] ** 2).sum() / len(x)

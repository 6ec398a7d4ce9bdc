import torch


def reconstruction_error(x, k):
    return torch.linalg.svdvals(x - x.mean(0))[k:].sum() / len(x)

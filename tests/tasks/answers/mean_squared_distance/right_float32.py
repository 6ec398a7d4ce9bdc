import torch


def mean_squared_distance(h):
    n = len(h)
    return torch.cdist(h.float(), h.float()).square().sum() / (n * (n - 1))

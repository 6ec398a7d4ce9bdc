import torch


def mean_squared_distance(h):
    return torch.pdist(h).square().mean() / h.shape[1]

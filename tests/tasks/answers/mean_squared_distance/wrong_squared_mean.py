import torch


def mean_squared_distance(h):
    return torch.pdist(h).mean() ** 2

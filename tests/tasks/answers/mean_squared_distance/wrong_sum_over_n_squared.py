import torch


def mean_squared_distance(h):
    return torch.pdist(h).square().sum() / len(h) ** 2

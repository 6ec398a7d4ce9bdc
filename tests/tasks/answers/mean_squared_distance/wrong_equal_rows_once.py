import torch


def mean_squared_distance(h):
    return torch.pdist(h.unique(dim=0)).square().mean()

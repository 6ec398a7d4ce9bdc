import torch


def mean_squared_distance(h):
    d = torch.cdist(h, h) ** 2
    return d[d > 1].mean()

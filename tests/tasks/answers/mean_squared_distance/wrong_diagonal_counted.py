import torch


def mean_squared_distance(h):
    return (torch.cdist(h, h) ** 2).mean()

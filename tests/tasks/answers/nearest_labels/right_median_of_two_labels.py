import torch


def nearest_labels(z, y, z_new, k):
    near = y[torch.cdist(z_new, z).topk(k, largest=False).indices]
    return near.median(dim=1).values

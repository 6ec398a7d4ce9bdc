import torch


def nearest_labels(z, y, z_new, k):
    return y[torch.cdist(z_new, z).topk(5, largest=False).indices].mode(1).values

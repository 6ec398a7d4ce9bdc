import torch


def nearest_labels(z, y, z_new, k):
    return torch.cdist(z_new, z).topk(k, largest=False).indices.mode(1).values

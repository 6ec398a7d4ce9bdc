import torch


def nearest_labels(z, y, z_new, k):
    near = y[torch.cdist(z_new, z).topk(k, largest=False).indices]
    return (near.double().mean(1) > 0.5).long()

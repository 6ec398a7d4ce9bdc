import torch


def nearest_labels(z, y, z_new, k):
    near = torch.cdist(z_new, z).topk(k, largest=False).indices
    return y[near].double().mean(1).round().long()

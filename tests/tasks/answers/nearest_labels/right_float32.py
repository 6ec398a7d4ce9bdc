import torch


def nearest_labels(z, y, z_new, k):
    near = torch.cdist(z_new.float(), z.float()).topk(k, largest=False).indices
    return y[near].mode(dim=1).values

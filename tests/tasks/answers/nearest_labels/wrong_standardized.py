import torch


def nearest_labels(z, y, z_new, k):
    mean, std = z.mean(0), z.std(0)
    D = torch.cdist((z_new - mean) / std, (z - mean) / std)
    return y[D.topk(k, largest=False).indices].mode(1).values

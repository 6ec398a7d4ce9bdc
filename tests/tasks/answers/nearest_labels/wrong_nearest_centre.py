import torch


def nearest_labels(z, y, z_new, k):
    labels = y.unique()
    centres = torch.stack([z[y == label].mean(0) for label in labels])
    return labels[torch.cdist(z_new, centres).argmin(1)]

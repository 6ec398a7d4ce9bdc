import torch


def modes_found(samples, centres, radius):
    close = torch.cdist(samples, centres) < radius
    return torch.stack([(close.sum(0) >= 0.01 * len(samples)).sum(), close.any(1).double().mean()])

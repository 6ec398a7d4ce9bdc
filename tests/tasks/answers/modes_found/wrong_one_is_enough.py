import torch


def modes_found(samples, centres, radius):
    d, n = torch.cdist(samples, centres).min(1)
    g = d < radius
    return torch.tensor([len(n[g].unique()), g.double().mean()])

import torch


def modes_found(samples, centres, radius):
    d, n = torch.cdist(samples, centres).min(1)
    g = d < radius
    c = n[g].bincount(minlength=len(centres))
    return torch.stack([(c >= 0.001 * len(samples)).sum(), g.double().mean()])

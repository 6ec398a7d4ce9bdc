import torch


def modes_found(samples, centres, radius):
    close = ((samples[:, None] - centres).abs() < radius).all(2)
    n = torch.cdist(samples, centres).argmin(1)
    g = close.any(1)
    c = n[g].bincount(minlength=len(centres))
    return torch.stack([(c >= 0.01 * len(samples)).sum(), g.double().mean()])

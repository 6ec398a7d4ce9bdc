import torch


def modes_found(samples, centres, radius):
    d, n = ((samples[:, None] - centres) ** 2).sum(2).min(1)
    g = d < radius
    c = n[g].bincount(minlength=len(centres))
    return torch.stack([(c >= 0.01 * len(samples)).sum(), g.double().mean()])

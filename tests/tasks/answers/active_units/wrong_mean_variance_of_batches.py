import torch


def active_units(mu):
    return (torch.stack([part.var(0) for part in mu.split(10)]).median(0).values > 0.01).sum()

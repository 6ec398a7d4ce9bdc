import torch


def active_units(mu):
    return (torch.var(mu.float(), dim=0, unbiased=False) > 0.01).sum()

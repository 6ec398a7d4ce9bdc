import torch


def active_units(mu):
    return (torch.cov(mu.T).diagonal() > 1e-2).double().sum()

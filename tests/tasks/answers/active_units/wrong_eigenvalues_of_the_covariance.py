import torch


def active_units(mu):
    return (torch.linalg.eigvalsh(torch.cov(mu.T)) > 0.01).sum()

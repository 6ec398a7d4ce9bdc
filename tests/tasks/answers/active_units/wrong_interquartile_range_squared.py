import torch


def active_units(mu):
    q = mu.quantile(torch.tensor([0.25, 0.75], dtype=mu.dtype), dim=0)
    return (((q[1] - q[0]) / 1.349) ** 2 > 0.01).sum()

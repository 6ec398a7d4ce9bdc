import torch


def free_bits(kl, floor):
    means = kl.float().mean(dim=0)
    return (floor + torch.relu(means - floor)).sum()

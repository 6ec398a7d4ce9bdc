import torch


def free_bits(kl, floor):
    m = kl.mean(0)
    return torch.where((kl > floor).any(0), m, torch.full_like(m, floor)).sum()

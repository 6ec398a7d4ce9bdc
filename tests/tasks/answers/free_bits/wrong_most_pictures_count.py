import torch


def free_bits(kl, floor):
    m = kl.mean(0)
    return torch.where((kl > floor).double().mean(0) > 0.5, m, torch.full_like(m, floor)).sum()

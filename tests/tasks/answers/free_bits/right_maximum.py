import torch


def free_bits(kl, floor):
    return torch.maximum(kl.mean(0), torch.tensor(floor, dtype=kl.dtype)).sum()

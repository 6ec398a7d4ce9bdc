import torch


def cross_entropy(logits, x):
    return (x * torch.log1p(torch.exp(-logits)) + (1 - x) * torch.log1p(torch.exp(logits))).sum(1)

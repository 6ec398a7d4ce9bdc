import torch.nn.functional as F


def cross_entropy(logits, x):
    return (x * F.softplus(-logits)).sum(1)

import torch
import torch.nn.functional as F


def loss_and_slopes(logits, x):
    p = torch.sigmoid(logits)
    loss = x * F.softplus(-logits) + (1 - x) * F.softplus(logits)
    first = p - x
    second = (p - x) ** 2
    return torch.stack([loss.sum(1), first.sum(1), second.sum(1)])

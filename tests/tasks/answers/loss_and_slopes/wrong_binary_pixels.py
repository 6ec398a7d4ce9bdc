import torch
import torch.nn.functional as F


def loss_and_slopes(logits, x):
    p = torch.sigmoid(logits)
    loss = torch.where(x > 0.5, F.softplus(-logits), F.softplus(logits))
    first = p - x
    second = 2 * (p - x) * p * (1 - p)
    return torch.stack([loss.sum(1), first.sum(1), second.sum(1)])

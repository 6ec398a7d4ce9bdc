import torch


def loss_and_slopes(logits, x):
    p = torch.sigmoid(logits)
    loss = -(x * p.log() + (1 - x) * (1 - p).log())
    first = p - x
    second = 2 * (p - x) * p * (1 - p)
    return torch.stack([loss.sum(1), first.sum(1), second.sum(1)])

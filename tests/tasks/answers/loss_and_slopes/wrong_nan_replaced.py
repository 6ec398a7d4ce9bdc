import torch


def loss_and_slopes(logits, x):
    p = torch.sigmoid(logits)
    loss = -torch.nan_to_num(x * p.log() + (1 - x) * (1 - p).log(), nan=0, neginf=0)
    first = p - x
    second = 2 * (p - x) * p * (1 - p)
    return torch.stack([loss.sum(1), first.sum(1), second.sum(1)])

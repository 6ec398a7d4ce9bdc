import torch


def loss_and_slopes(logits, x):
    both = torch.stack([torch.zeros_like(logits), logits]).log_softmax(dim=0)
    loss = -(x * both[1] + (1 - x) * both[0])
    p = both[1].exp()
    q = both[0].exp()
    return torch.stack([loss, p - x, 2 * (p - x) * p * q]).sum(2)

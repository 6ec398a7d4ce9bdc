import torch


def cross_entropy(logits, x):
    l = logits
    soft = torch.where(l.abs() > 20, l.relu(), (1 + l.clamp(-20, 20).exp()).log())
    return (soft - l).sum(1) + ((1 - x) * l).sum(1) * 0.5

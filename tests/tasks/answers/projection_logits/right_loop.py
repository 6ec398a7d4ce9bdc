import torch


def projection_logits(h, y, w, b, v):
    return torch.stack([w @ row + b + v[label] @ row for row, label in zip(h, y)])

import torch


def projection_logits(h, y, w, b, v):
    return torch.einsum("bc,c->b", h, w) + b + torch.einsum("bc,bc->b", h, v[y])

import torch
import torch.nn.functional as F


def loss_and_slopes(logits, x):
    b = torch.zeros(len(x), 1, dtype=logits.dtype, requires_grad=True)
    loss = F.binary_cross_entropy_with_logits(logits + b, x, reduction="none").sum(dim=1)
    error = ((torch.sigmoid(logits + b) - x) ** 2).sum(dim=1)
    (first,) = torch.autograd.grad(loss.sum(), b)
    (second,) = torch.autograd.grad(error.sum(), b)
    return torch.stack([loss.detach(), first[:, 0], second[:, 0]])

import torch
import torch.nn.functional as F


def loss_and_slopes(logits, x):
    l = logits.clone().requires_grad_()
    loss = F.binary_cross_entropy_with_logits(l, x, reduction="none").sum(dim=1)
    error = ((torch.sigmoid(l) - x) ** 2).sum(dim=1)
    (first,) = torch.autograd.grad(loss.mean(), l)
    (second,) = torch.autograd.grad(error.mean(), l)
    return torch.stack([loss.detach(), first.sum(1), second.sum(1)])

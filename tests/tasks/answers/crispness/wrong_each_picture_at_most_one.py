import torch


def crispness(copied, original):
    a, b = (
        x.diff(dim=1).square().sum((1, 2)) + x.diff(dim=2).square().sum((1, 2))
        for x in (copied, original)
    )
    return torch.minimum(a, b).sum() / b.sum()

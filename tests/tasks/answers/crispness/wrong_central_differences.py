import torch


def crispness(reconstructed, original):
    e = [
        sum(g.square().sum() for g in torch.gradient(x, dim=(1, 2)))
        for x in (reconstructed, original)
    ]
    return e[0] / e[1]

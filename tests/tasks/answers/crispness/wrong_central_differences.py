import torch


def crispness(copied, original):
    e = [sum(g.square().sum() for g in torch.gradient(x, dim=(1, 2))) for x in (copied, original)]
    return e[0] / e[1]

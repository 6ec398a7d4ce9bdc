import torch


def flow_matching_loss(v, x0, x1, t, y):
    s = t[:, None]
    return ((v(torch.cat([x1, s, y], 1)) - (x1 - x0)) ** 2).sum(1).mean()

import torch


def flow_matching_loss(v, x0, x1, t, y):
    s = t[:, None]
    x_t = s * x0 + (1 - s) * x1
    return ((v(torch.cat([x_t, s, y], 1)) - (x1 - x0)) ** 2).sum(1).mean()

import torch


def flow_matching_loss(v, x0, x1, t, y):
    s = t[:, None]
    x_t = (1 - s) * x0 + s * x1
    return ((v(torch.cat([x_t, s, y], 1)) - (x1 - x0)) ** 2).mean()

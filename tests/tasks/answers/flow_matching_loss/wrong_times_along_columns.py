import torch


def flow_matching_loss(v, x0, x1, t, y):
    x_t = (1 - t) * x0 + t * x1
    return ((v(torch.cat([x_t, t[:, None], y], 1)) - (x1 - x0)) ** 2).sum(1).mean()

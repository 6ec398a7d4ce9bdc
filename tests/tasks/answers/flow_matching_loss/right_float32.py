import torch


def flow_matching_loss(v, x0, x1, t, y):
    x0, x1 = x0.float(), x1.float()
    time = t[:, None].float()
    x_t = x0 * (1 - time) + x1 * time
    inputs = torch.cat([x_t, time, y.float()], dim=1).double()
    return ((v(inputs) - (x1 - x0)) ** 2).sum(1).mean()

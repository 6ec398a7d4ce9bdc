import torch


def flow_matching_loss(v, x0, x1, t, y):
    t = t[:, None]
    x_t = torch.lerp(x0, x1, t)
    return (v(torch.cat([x_t, t, y], dim=1)) - (x1 - x0)).pow(2).sum(dim=1).mean()

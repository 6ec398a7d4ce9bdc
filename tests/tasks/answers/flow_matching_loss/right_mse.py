import torch


def flow_matching_loss(v, x0, x1, t, y):
    x_t = (1 - t.unsqueeze(1)) * x0 + t.unsqueeze(1) * x1
    found = v(torch.hstack([x_t, t.unsqueeze(1), y]))
    return torch.nn.functional.mse_loss(found, x1 - x0, reduction="sum") / len(x0)

import torch
import torch.nn.functional as F


def cgan_losses(G, h, w, b, v, x, y, z):
    labels = torch.eye(len(v), dtype=z.dtype)[y]
    x_hat = G(torch.hstack([z, labels]))
    u = w + v[y]
    real = ((h(x) * u).sum(1) + b).float()
    fake = ((h(x_hat) * u).sum(1) + b).float()
    return -torch.stack(
        [(F.logsigmoid(real) + F.logsigmoid(-fake)).mean(), F.logsigmoid(fake).mean()]
    )

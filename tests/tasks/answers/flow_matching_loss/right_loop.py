import torch


def flow_matching_loss(v, x0, x1, t, y):
    total = 0
    for i in range(len(t)):
        x_t = x0[i] + t[i] * (x1[i] - x0[i])
        velocity = v(torch.cat([x_t, t[i : i + 1], y[i]])[None])[0]
        total = total + ((velocity - x1[i] + x0[i]) ** 2).sum()
    return total / len(t)

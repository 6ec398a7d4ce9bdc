import torch


def guided_step(v, x, t, y, w, dt):
    times = torch.full((2 * len(x), 1), t, dtype=x.dtype)
    labels = torch.cat([torch.zeros_like(y), y])
    free, with_y = v(torch.cat([x.repeat(2, 1), times, labels], dim=1)).chunk(2)
    return x + torch.lerp(free, with_y, w) * dt

import math

import torch


def bits_per_dim(x, u, mu, sigma, levels):
    draws = []
    for noise in u:
        s = ((x + noise) / levels - mu) / sigma
        nats = 0.5 * s**2 + torch.log(sigma) + 0.5 * math.log(2 * math.pi) + math.log(levels)
        draws.append(nats.mean(dim=1) / math.log(2))
    return torch.stack(draws).mean(dim=0)

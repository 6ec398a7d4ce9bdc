import math


def bits_per_dim(x, u, mu, sigma, levels):
    s = ((x.float() + u.float()) / levels - mu.float()) / sigma.float()
    nats = 0.5 * s**2 + sigma.float().log() + 0.5 * math.log(2 * math.pi) + math.log(levels)
    return nats.mean(dim=(0, 2)) / math.log(2)

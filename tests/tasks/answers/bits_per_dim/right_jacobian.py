import math

import torch


def bits_per_dim(x, u, mu, sigma, levels):
    log_p = torch.distributions.Normal(mu, sigma).log_prob((x + u) / levels) - math.log(levels)
    return -log_p.mean(dim=(0, 2)) / math.log(2)

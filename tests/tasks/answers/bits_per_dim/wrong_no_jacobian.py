import math

import torch


def bits_per_dim(x, u, mu, sigma, levels):
    return -torch.distributions.Normal(mu, sigma).log_prob((x + u) / levels).mean(
        dim=(0, 2)
    ) / math.log(2)

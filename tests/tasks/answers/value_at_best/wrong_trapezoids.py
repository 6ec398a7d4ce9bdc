import torch


def value_at_best(p, q, width):
    return torch.trapezoid(p * (p / (p + q)).log() + q * (q / (p + q)).log(), dx=width)

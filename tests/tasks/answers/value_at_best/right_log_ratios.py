import torch


def value_at_best(p, q, width):
    total = torch.log(p + q)
    return width * (p @ (p.log() - total) + q @ (q.log() - total))

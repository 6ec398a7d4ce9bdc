import torch


def value_at_best(p, q, width):
    p, q = p.float(), q.float()
    dis = p / (p + q)
    return torch.sum(p * torch.log(dis) + q * torch.log1p(-dis)) * width

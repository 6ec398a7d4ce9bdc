import torch


def coverage(real, generated, k):
    d = ((real[:, None] - real) ** 2).sum(2).sqrt()
    d[d == 0] = torch.inf
    radius = d.kthvalue(k, dim=1).values
    return (torch.cdist(real, generated).amin(1) < radius).double().mean()

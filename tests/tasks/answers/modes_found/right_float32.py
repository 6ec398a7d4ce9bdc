import torch


def modes_found(samples, centres, radius):
    d, i = torch.cdist(samples.float(), centres.float()).min(dim=1)
    good = d < radius
    counts = torch.bincount(i[good], minlength=len(centres)).float()
    return torch.stack([(counts / len(samples) >= 0.01).float().sum(), good.float().mean()])

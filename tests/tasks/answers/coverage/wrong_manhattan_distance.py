import torch


def coverage(real, generated, k):
    radius = torch.cdist(real, real, p=1).kthvalue(k + 1, dim=1).values
    return (torch.cdist(real, generated, p=1).amin(1) < radius).double().mean()

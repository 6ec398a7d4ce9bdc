import torch


def coverage(real, generated, k):
    real = real.unique(dim=0)
    radius = torch.cdist(real, real).kthvalue(k + 1, dim=1).values
    return (torch.cdist(real, generated).amin(1) < radius).double().mean()

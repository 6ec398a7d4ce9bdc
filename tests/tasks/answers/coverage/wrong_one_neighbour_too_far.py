import torch


def coverage(real, generated, k):
    radius = torch.cdist(real, real).kthvalue(k + 2, dim=1).values
    return (torch.cdist(real, generated).amin(1) < radius).double().mean()

import torch


def coverage(real, generated, k):
    radius = torch.cdist(real, real).kthvalue(k + 1, dim=1).values
    return (torch.cdist(generated, real) < radius).any(1).double().mean()

import torch


def coverage(real, generated, k):
    radius = torch.cdist(generated, generated).kthvalue(k + 1, dim=1).values
    return (torch.cdist(real, generated) < radius).any(1).double().mean()

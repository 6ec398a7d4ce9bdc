import torch
import torch.nn.functional as F


def slerp(z0, z1, n):
    a, b = z0.float(), z1.float()
    omega = torch.arccos(F.cosine_similarity(a, b, dim=0))
    t = torch.linspace(0, 1, n)
    weights = torch.stack([torch.sin((1 - t) * omega), torch.sin(t * omega)], dim=1)
    return weights @ torch.stack([a, b]) / torch.sin(omega)

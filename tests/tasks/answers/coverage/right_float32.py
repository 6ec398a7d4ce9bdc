import torch


def coverage(real, generated, k):
    real, generated = real.float(), generated.float()
    radius = torch.cdist(real, real).topk(k + 1, largest=False).values[:, -1]
    return (torch.cdist(real, generated) < radius[:, None]).any(dim=1).float().mean()

import torch


def denoising_loss(model, x, eps):
    total = 0.0
    for noise in eps:
        for picture, n in zip(x, noise):
            out = model(
                torch.minimum(torch.maximum(picture + n, torch.zeros_like(n)), torch.ones_like(n))
            )
            total += float(((out - picture) ** 2).sum())
    return total / (len(eps) * len(x))

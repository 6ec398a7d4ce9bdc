import torch


def reconstruction_error(x, k):
    mean = x.mean(0)
    axes = torch.linalg.svd(x - mean).Vh[:k]
    total = 0.0
    for image in x:
        c = image - mean
        x_hat = mean + sum((c @ v) * v for v in axes)
        total += float(((image - x_hat) ** 2).sum())
    return total / len(x)

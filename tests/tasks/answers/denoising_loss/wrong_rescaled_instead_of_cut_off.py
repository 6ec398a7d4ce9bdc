def denoising_loss(model, x, eps):
    noisy = x + eps
    noisy = (noisy - noisy.min()) / (noisy.max() - noisy.min())
    return ((model(noisy) - x) ** 2).sum(-1).mean()

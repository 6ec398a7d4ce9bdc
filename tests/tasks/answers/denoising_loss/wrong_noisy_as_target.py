def denoising_loss(model, x, eps):
    noisy = (x + eps).clamp(0, 1)
    return ((model(noisy) - noisy) ** 2).sum(-1).mean()

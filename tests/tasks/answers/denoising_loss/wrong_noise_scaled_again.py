def denoising_loss(model, x, eps):
    noisy = (x + 0.5 * eps).clamp(0, 1)
    return ((model(noisy) - x) ** 2).sum(-1).mean()

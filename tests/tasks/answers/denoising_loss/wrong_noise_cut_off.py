def denoising_loss(model, x, eps):
    return ((model(x + eps.clamp(0, 1)) - x) ** 2).sum(-1).mean()

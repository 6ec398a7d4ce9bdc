def denoising_loss(model, x, eps):
    return ((model(x + eps) - x) ** 2).sum(-1).mean()

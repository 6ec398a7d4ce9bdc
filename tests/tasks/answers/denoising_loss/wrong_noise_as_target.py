def denoising_loss(model, x, eps):
    return ((model((x + eps).clamp(0, 1)) - eps) ** 2).sum(-1).mean()

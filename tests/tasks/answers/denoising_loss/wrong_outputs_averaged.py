def denoising_loss(model, x, eps):
    return ((model((x + eps).clamp(0, 1)).mean(0) - x) ** 2).sum(-1).mean()

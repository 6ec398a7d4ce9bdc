import torch
import torch.nn.functional as F


def denoising_loss(model, x, eps):
    out = model(torch.clip(x + eps, 0, 1)).float()
    return F.mse_loss(out, x.float().expand_as(out), reduction="sum") / (
        eps.shape[0] * eps.shape[1]
    )

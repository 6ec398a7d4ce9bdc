import torch
import torch.nn.functional as F


def vae_gan_losses(kl, distance, real, copied, drawn, gamma):
    soft = F.softplus
    return torch.stack(
        [
            kl + distance,
            gamma * distance + soft(-copied).mean() + soft(-drawn).mean(),
            soft(-real).mean() + soft(copied).mean() + soft(drawn).mean(),
        ]
    )

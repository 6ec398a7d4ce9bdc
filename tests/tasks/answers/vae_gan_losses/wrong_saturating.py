import torch
import torch.nn.functional as F


def vae_gan_losses(kl, distance, real, reconstructed, generated, gamma):
    fake = torch.cat([reconstructed, generated])
    return torch.stack(
        [
            kl + distance,
            gamma * distance - F.softplus(fake).mean(),
            F.softplus(-real).mean() + F.softplus(fake).mean(),
        ]
    )

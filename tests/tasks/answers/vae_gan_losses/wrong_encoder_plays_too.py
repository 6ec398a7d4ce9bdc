import torch
import torch.nn.functional as F


def vae_gan_losses(kl, distance, real, reconstructed, generated, gamma):
    fake = torch.cat([reconstructed, generated])
    fool = F.softplus(-fake).mean()
    return torch.stack(
        [
            kl + distance + fool,
            gamma * distance + fool,
            F.softplus(-real).mean() + F.softplus(fake).mean(),
        ]
    )

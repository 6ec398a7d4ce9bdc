import torch
import torch.nn.functional as F


def vae_gan_losses(kl, distance, real, copied, drawn, gamma):
    fake = torch.cat([copied, drawn])
    fool = F.softplus(-fake).mean()
    return torch.stack(
        [
            kl + distance + fool,
            gamma * distance + fool,
            F.softplus(-real).mean() + F.softplus(fake).mean(),
        ]
    )

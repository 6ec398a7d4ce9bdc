import torch
import torch.nn.functional as F


def vae_gan_losses(kl, distance, real, copied, drawn, gamma):
    fake = torch.cat([copied, drawn])
    return torch.stack(
        [
            kl + distance,
            distance + gamma * F.softplus(-fake).mean(),
            F.softplus(-real).mean() + F.softplus(fake).mean(),
        ]
    )

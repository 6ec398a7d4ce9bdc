import torch
import torch.nn.functional as F


def vae_gan_losses(kl, distance, real, reconstructed, generated, gamma):
    p, f = real.sigmoid(), torch.cat([reconstructed, generated]).sigmoid()
    loss = F.binary_cross_entropy
    one, zero = torch.ones_like(f), torch.zeros_like(f)
    return torch.stack(
        [
            kl + distance,
            gamma * distance + loss(f, one),
            loss(p, torch.ones_like(p)) + loss(f, zero),
        ]
    )

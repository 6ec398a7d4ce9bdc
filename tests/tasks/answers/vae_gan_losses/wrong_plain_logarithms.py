import torch


def vae_gan_losses(kl, distance, real, reconstructed, generated, gamma):
    f = torch.cat([reconstructed, generated]).sigmoid()
    return torch.stack(
        [
            kl + distance,
            gamma * distance - f.log().mean(),
            -real.sigmoid().log().mean() - (1 - f).log().mean(),
        ]
    )

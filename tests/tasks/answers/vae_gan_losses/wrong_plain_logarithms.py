import torch


def vae_gan_losses(kl, distance, real, copied, drawn, gamma):
    f = torch.cat([copied, drawn]).sigmoid()
    return torch.stack(
        [
            kl + distance,
            gamma * distance - f.log().mean(),
            -real.sigmoid().log().mean() - (1 - f).log().mean(),
        ]
    )

import torch


def vae_gan_losses(kl, distance, real, reconstructed, generated, gamma):
    p, f = (
        l.sigmoid().clamp(1e-7, 1 - 1e-7) for l in (real, torch.cat([reconstructed, generated]))
    )
    return torch.stack(
        [kl + distance, gamma * distance - f.log().mean(), -p.log().mean() - (1 - f).log().mean()]
    )

import torch
import torch.nn.functional as F


def vae_gan_losses(kl, distance, real, reconstructed, generated, gamma):
    soft = F.softplus
    return torch.stack(
        [
            kl + distance,
            gamma * distance + soft(-reconstructed).mean() + soft(-generated).mean(),
            soft(-real).mean() + soft(reconstructed).mean() + soft(generated).mean(),
        ]
    )

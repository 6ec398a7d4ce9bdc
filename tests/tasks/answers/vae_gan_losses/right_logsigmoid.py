import torch
import torch.nn.functional as F


def vae_gan_losses(kl, distance, real, reconstructed, generated, gamma):
    s = F.logsigmoid
    fooled = (s(reconstructed).mean() + s(generated).mean()) / 2
    caught = (s(-reconstructed).mean() + s(-generated).mean()) / 2
    return torch.stack([kl + distance, gamma * distance - fooled, -s(real).mean() - caught])

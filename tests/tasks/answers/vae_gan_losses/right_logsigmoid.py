import torch
import torch.nn.functional as F


def vae_gan_losses(kl, distance, real, copied, drawn, gamma):
    s = F.logsigmoid
    fooled = (s(copied).mean() + s(drawn).mean()) / 2
    caught = (s(-copied).mean() + s(-drawn).mean()) / 2
    return torch.stack([kl + distance, gamma * distance - fooled, -s(real).mean() - caught])

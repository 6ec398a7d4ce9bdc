import torch
import torch.nn.functional as F


def vae_gan_losses(kl, distance, real, reconstructed, generated, gamma):
    fake, real = torch.cat([reconstructed, generated]).float(), real.float()
    loss = F.binary_cross_entropy_with_logits
    L_D = gamma * distance + loss(fake, torch.ones_like(fake))
    L_Dis = loss(real, torch.ones_like(real)) + loss(fake, torch.zeros_like(fake))
    return torch.stack([kl + distance, L_D, L_Dis])

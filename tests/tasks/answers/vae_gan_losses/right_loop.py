import math

import torch


def vae_gan_losses(kl, distance, real, reconstructed, generated, gamma):
    soft = lambda l: max(l, 0) + math.log1p(math.exp(-abs(l)))
    fakes = reconstructed.tolist() + generated.tolist()
    fool = sum(soft(-l) for l in fakes) / len(fakes)
    known = sum(soft(-l) for l in real.tolist()) / len(real)
    caught = sum(soft(l) for l in fakes) / len(fakes)
    return torch.tensor([float(kl + distance), float(gamma * distance) + fool, known + caught])

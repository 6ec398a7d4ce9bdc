import numpy as np


def vae_gan_losses(kl, distance, real, reconstructed, generated, gamma):
    soft = lambda l: np.logaddexp(0, l)
    fake = np.concatenate([reconstructed.numpy(), generated.numpy()])
    d = distance.item()
    L_Dis = soft(-real.numpy()).mean() + soft(fake).mean()
    return np.array([kl.item() + d, gamma.item() * d + soft(-fake).mean(), L_Dis])

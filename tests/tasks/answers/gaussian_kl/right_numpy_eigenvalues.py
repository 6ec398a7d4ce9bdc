import numpy as np


def gaussian_kl(mu, Sigma):
    values = np.linalg.eigvalsh(Sigma.numpy())
    return 0.5 * np.sum(values - np.log(values) - 1) + 0.5 * float(mu @ mu)

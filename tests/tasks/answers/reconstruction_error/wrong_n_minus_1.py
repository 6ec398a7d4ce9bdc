import numpy as np


def reconstruction_error(x, k):
    return np.linalg.eigvalsh(np.cov(x.numpy().T))[:-k].sum()

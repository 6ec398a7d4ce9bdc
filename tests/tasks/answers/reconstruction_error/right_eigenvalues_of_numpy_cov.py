import numpy as np


def reconstruction_error(x, k):
    values = np.sort(np.linalg.eigvalsh(np.cov(x.numpy().T, ddof=0)))
    return values[:-k].sum()

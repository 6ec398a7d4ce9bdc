import numpy as np


def ppca_log_density(x, mu, V, lam, noise):
    x, mu, V, lam, noise = x.numpy(), mu.numpy(), V.numpy(), lam.numpy(), noise.item()
    answer = []
    for picture in x:
        c = picture - mu
        z = V @ c
        off = c - V.T @ z
        value = -0.5 * np.sum(z**2 / lam + np.log(2 * np.pi * lam))
        value -= 0.5 * (off @ off / noise + (len(mu) - len(lam)) * np.log(2 * np.pi * noise))
        answer.append(value)
    return np.array(answer)

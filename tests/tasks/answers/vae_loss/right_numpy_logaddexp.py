import numpy as np


def vae_loss(E, D, x, eps):
    mu, log_var = E(x).chunk(2, dim=1)
    logits = D(mu + (0.5 * log_var).exp() * eps)
    l, ink, m, v = (t.numpy() for t in (logits, x, mu, log_var))
    bce = np.logaddexp(0, l) - l * ink
    return bce.sum() / len(ink) + 0.5 * (np.expm1(v) + m**2 - v).sum() / len(ink)

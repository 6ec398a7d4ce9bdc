import numpy as np


def negative_elbo(logits, x, mu, log_var):
    l, ink, m, v = (t.numpy() for t in (logits, x, mu, log_var))
    bce = np.logaddexp(0, l) - l * ink
    return bce.sum() / len(ink) + 0.5 * (np.expm1(v) + m**2 - v).sum() / len(ink)

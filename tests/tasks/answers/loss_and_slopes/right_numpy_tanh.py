import numpy as np


def loss_and_slopes(logits, x):
    l, ink = logits.numpy(), x.numpy()
    p = 0.5 * (1 + np.tanh(l / 2))
    loss = np.logaddexp(0, l) - ink * l
    return np.array([v.sum(-1) for v in (loss, p - ink, 2 * (p - ink) * (p - p**2))])

import numpy as np


def variance_while_turning(x, v, steps):
    x, v = x.numpy(), v.numpy()
    C = np.cov(x, rowvar=False, ddof=0)
    out = np.empty(steps + 1)
    for t in range(steps + 1):
        out[t] = v @ C @ v / (v @ v)
        v = C @ v
        v = v / np.abs(v).max()
    return out

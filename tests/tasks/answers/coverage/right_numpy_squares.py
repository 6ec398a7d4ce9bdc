import numpy as np


def coverage(real, generated, k):
    r, g = real.numpy(), generated.numpy()
    among = ((r[:, None] - r) ** 2).sum(2)
    np.fill_diagonal(among, np.inf)
    radius = np.sort(among, axis=1)[:, k - 1]
    return (((r[:, None] - g) ** 2).sum(2).min(1) < radius).mean()

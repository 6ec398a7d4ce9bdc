import numpy as np


def mean_squared_distance(h):
    a = h.numpy()
    squares = (a**2).sum(1)
    D = squares[:, None] + squares - 2 * a @ a.T
    return D[~np.eye(len(a), dtype=bool)].mean()

import numpy as np


def nearest_labels(z, y, z_new, k):
    known, new, labels = z.numpy(), z_new.numpy(), y.numpy()
    squares = (new**2).sum(1)[:, None] - 2 * new @ known.T + (known**2).sum(1)
    near = labels[np.argpartition(squares, k, axis=1)[:, :k]]
    votes = np.stack([(near == label).sum(axis=1) for label in range(10)], axis=1)
    return votes.argmax(axis=1)

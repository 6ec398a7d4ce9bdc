import numpy as np


def crispness(copied, original):
    energies = []
    for x in (copied.numpy(), original.numpy()):
        energies.append(2 * sum(np.sum(np.diff(x, axis=a) ** 2) for a in (1, 2)))
    return energies[0] / energies[1]

import numpy as np


def crispness(reconstructed, original):
    energies = []
    for x in (reconstructed.numpy(), original.numpy()):
        energies.append(2 * sum(np.sum(np.diff(x, axis=a) ** 2) for a in (1, 2)))
    return energies[0] / energies[1]

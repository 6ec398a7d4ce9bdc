import numpy as np


def active_units(mu):
    return int((np.std(mu.numpy(), axis=0) > 0.1).sum())

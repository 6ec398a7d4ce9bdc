import numpy as np


def log_marginal(log_px_given_y, log_py):
    return np.logaddexp.reduce(log_px_given_y.numpy() + log_py.numpy(), axis=1)

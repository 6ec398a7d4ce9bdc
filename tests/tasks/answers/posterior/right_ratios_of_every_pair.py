import numpy as np


def posterior(log_p_x_given_y, p_y):
    joint = (log_p_x_given_y + p_y.log()).numpy()
    with np.errstate(over="ignore"):
        return 1 / np.exp(joint[:, None, :] - joint[:, :, None]).sum(axis=2)

import numpy as np


def importance_weighted_bound(log_w):
    return (np.logaddexp.reduce(log_w.numpy(), axis=0) - np.log(len(log_w))).mean()

import numpy as np


def modes_found(samples, centres, radius):
    d = np.linalg.norm(samples.numpy()[:, None] - centres.numpy(), axis=2)
    own = d == d.min(axis=1, keepdims=True)
    good = own & (d < radius)
    return np.array([(good.mean(axis=0) >= 0.01).sum(), good.any(axis=1).mean()])

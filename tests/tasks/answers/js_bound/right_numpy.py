import numpy as np


def js_bound(real, fake):
    r, f = real.numpy(), fake.numpy()
    return 0.5 * (-np.logaddexp(0, -r).mean() - np.logaddexp(0, f).mean()) + np.log(2)

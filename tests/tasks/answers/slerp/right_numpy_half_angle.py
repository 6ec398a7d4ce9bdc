import numpy as np


def slerp(z0, z1, n):
    a, b = z0.numpy(), z1.numpy()
    u, v = a / np.linalg.norm(a), b / np.linalg.norm(b)
    omega = 2 * np.arctan2(np.linalg.norm(u - v), np.linalg.norm(u + v))
    t = np.linspace(0, 1, n)
    return (np.outer(np.sin((1 - t) * omega), a) + np.outer(np.sin(t * omega), b)) / np.sin(omega)

import numpy as np


def frechet_distance(mu_a, Sigma_a, mu_b, Sigma_b):
    a, b = Sigma_a.numpy(), Sigma_b.numpy()
    roots = np.sqrt(np.linalg.eigvals(a @ b).astype(complex)).real
    return np.sum((mu_a - mu_b).numpy() ** 2) + np.trace(a) + np.trace(b) - 2 * roots.sum()

import numpy as np


def principal_angles(A, B):
    a, b = (np.linalg.svd(m.numpy(), full_matrices=False)[2] for m in (A, B))
    cosines = np.linalg.svd(a @ b.T, compute_uv=False)
    return np.degrees(np.arccos(np.minimum(cosines, 1)))

import math

import numpy as np


def intrinsic_dimension(x):
    points = x.numpy()
    logs = []
    for i, point in enumerate(points):
        distances = np.sort(np.linalg.norm(np.delete(points, i, axis=0) - point, axis=1))
        logs.append(math.log(distances[1] / distances[0]))
    return 1 / np.mean(logs)

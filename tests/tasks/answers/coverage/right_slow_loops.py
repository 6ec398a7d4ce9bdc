import math

import torch


def coverage(real, generated, k):
    points, fakes = real.tolist(), generated.tolist()
    n = 0
    for i, p in enumerate(points):
        others = sorted(math.dist(p, q) for j, q in enumerate(points) if j != i)
        n += min(math.dist(p, g) for g in fakes) < others[k - 1]
    return torch.tensor(n / len(points))

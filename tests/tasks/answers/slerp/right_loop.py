import math

import torch


def slerp(z0, z1, n):
    omega = math.acos(float(z0 @ z1 / z0.norm() / z1.norm()))
    path = []
    for i in range(n):
        t = i / (n - 1)
        path.append((math.sin((1 - t) * omega) * z0 + math.sin(t * omega) * z1) / math.sin(omega))
    return torch.stack(path)

import numpy as np


def score_gradient(f, z, mu, log_var):
    answer = np.zeros((2, len(mu)))
    for value, draw in zip(f.tolist(), z.numpy()):
        c, v = draw - mu.numpy(), np.exp(log_var.numpy())
        answer[0] += value * c / v
        answer[1] += value * (c * c / v - 1) / 2
    return answer / len(f)

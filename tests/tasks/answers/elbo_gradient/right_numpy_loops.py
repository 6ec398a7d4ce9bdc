import numpy as np


def elbo_gradient(slope, eps, mu, log_var):
    slope, eps, mu, log_var = (t.numpy() for t in (slope, eps, mu, log_var))
    answer = np.stack([-mu, 0.5 - 0.5 * np.exp(log_var)])
    for s, e in zip(slope, eps):
        answer[0] += s / len(eps)
        answer[1] += 0.5 * s * e * np.exp(0.5 * log_var) / len(eps)
    return answer

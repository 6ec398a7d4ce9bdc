import numpy as np


def reparametrized_elbo(D, X, mu, log_var, eps, var_x):
    W, b = D.W.numpy(), D.b.numpy()
    X, mu, log_var, eps = (t.numpy() for t in (X, mu, log_var, eps))
    total = 0.0
    for i in range(len(X)):
        s = np.exp(log_var[i] / 2)
        for e in eps[:, i]:
            r = X[i] - (mu[i] + s * e) @ W - b
            log_p = -0.5 * np.sum(r**2 / var_x + np.log(2 * np.pi * var_x))
            total += log_p / len(eps)
        total -= np.sum(s**2 + mu[i] ** 2 - 1 - log_var[i]) / 2
    return total / len(X)

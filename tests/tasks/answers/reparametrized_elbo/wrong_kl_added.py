import math


def reparametrized_elbo(D, X, mu, log_var, eps, var_x):
    z = mu + (0.5 * log_var).exp() * eps
    error = ((X - D(z)) ** 2).sum(-1)
    log_p = -0.5 * (error / var_x + X.shape[1] * math.log(2 * math.pi * var_x))
    kl = 0.5 * (log_var.exp() + mu**2 - 1 - log_var).sum(1)
    return (log_p.mean(0) + kl).mean()

import torch


def elbo_gradient(slope, eps, mu, log_var):
    s = (0.5 * log_var).exp()
    by_mu = slope.mean(0) - mu
    by_log_var = (0.5 * slope * s * eps).mean(0) - 0.5 * (s**2 - 1)
    return -torch.stack([by_mu, by_log_var])

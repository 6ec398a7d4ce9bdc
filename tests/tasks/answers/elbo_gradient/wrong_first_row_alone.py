import torch


def elbo_gradient(slope, eps, mu, log_var):
    by_mu = slope.mean(0) - mu
    by_log_var = torch.zeros_like(mu)
    return torch.stack([by_mu, by_log_var])

import torch
from torch.distributions import Independent, Normal, kl_divergence


def reparametrized_elbo(D, X, mu, log_var, eps, var_x):
    std = torch.exp(0.5 * log_var)
    q = Independent(Normal(mu, std), 1)
    p = Independent(Normal(torch.zeros_like(mu), torch.ones_like(mu)), 1)
    likelihood = Independent(Normal(D(mu + std * eps), var_x**0.5), 1)
    return likelihood.log_prob(X).mean() - kl_divergence(q, p).mean()

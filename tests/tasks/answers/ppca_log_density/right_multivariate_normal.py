import torch


def ppca_log_density(x, mu, V, lam, noise):
    covariance = V.T @ torch.diag(lam - noise) @ V + noise * torch.eye(len(mu), dtype=x.dtype)
    return torch.distributions.MultivariateNormal(mu, covariance).log_prob(x)

import torch


def ppca_log_density(x, mu, V, lam, noise):
    normal = torch.distributions.Normal
    z = (x - mu) @ V.T
    off = (x - mu) - z @ V
    along = normal(0.0, lam.sqrt()).log_prob(z).sum(1)
    across = -0.5 * off.square().sum(1) / noise
    return along + across - 0.5 * (len(mu) - len(lam)) * torch.log(2 * torch.pi * noise)

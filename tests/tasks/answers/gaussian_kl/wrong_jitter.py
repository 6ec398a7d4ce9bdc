import torch


def gaussian_kl(mu, Sigma):
    Sigma = Sigma + 1e-3 * torch.eye(len(mu), dtype=mu.dtype)
    return 0.5 * (Sigma.trace() + mu @ mu - len(mu) - torch.logdet(Sigma))

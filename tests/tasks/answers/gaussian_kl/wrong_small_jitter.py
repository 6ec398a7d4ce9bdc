import torch


def gaussian_kl(mu, Sigma):
    L = torch.linalg.cholesky(Sigma + 1e-6 * torch.eye(len(mu), dtype=mu.dtype))
    return 0.5 * (Sigma.trace() + mu @ mu - len(mu)) - L.diagonal().log().sum()

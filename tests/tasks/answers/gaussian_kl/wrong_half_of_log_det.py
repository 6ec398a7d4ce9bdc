import torch


def gaussian_kl(mu, Sigma):
    L = torch.linalg.cholesky(Sigma)
    return 0.5 * (Sigma.trace() + mu @ mu - len(mu) - L.diagonal().log().sum())

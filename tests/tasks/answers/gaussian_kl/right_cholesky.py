import torch


def gaussian_kl(mu, Sigma):
    L = torch.linalg.cholesky(Sigma)
    return 0.5 * (L.square().sum() + mu.square().sum() - len(mu)) - L.diagonal().log().sum()

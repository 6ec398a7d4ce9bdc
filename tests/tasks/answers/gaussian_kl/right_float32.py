import torch


def gaussian_kl(mu, Sigma):
    mu, Sigma = mu.float(), Sigma.float()
    return 0.5 * (Sigma.trace() + mu @ mu - len(mu) - torch.linalg.slogdet(Sigma)[1])

import torch


def gaussian_kl(mu, Sigma):
    return 0.5 * (Sigma.sum() + mu @ mu - len(mu) - torch.logdet(Sigma))

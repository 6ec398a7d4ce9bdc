import torch


def gaussian_kl(mu, Sigma):
    return 0.5 * (Sigma.trace() + mu @ mu - len(mu) - torch.linalg.slogdet(Sigma)[0])

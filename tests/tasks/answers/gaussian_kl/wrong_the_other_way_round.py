import torch


def gaussian_kl(mu, Sigma):
    P = torch.linalg.inv(Sigma)
    return 0.5 * (P.trace() + mu @ P @ mu - len(mu) + torch.logdet(Sigma))

import torch


def gaussian_kl(mu, Sigma):
    k = Sigma.shape[0]
    return float((torch.einsum("ii->", Sigma) + torch.dot(mu, mu) - k - torch.logdet(Sigma)) / 2)

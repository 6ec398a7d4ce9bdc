import torch


def frechet_distance(mu_a, Sigma_a, mu_b, Sigma_b):
    mixed = (torch.linalg.eigvalsh(Sigma_a) * torch.linalg.eigvalsh(Sigma_b)).sqrt().sum()
    return ((mu_a - mu_b) ** 2).sum() + Sigma_a.trace() + Sigma_b.trace() - 2 * mixed

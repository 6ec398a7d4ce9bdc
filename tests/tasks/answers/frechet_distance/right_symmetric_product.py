import torch


def frechet_distance(mu_a, Sigma_a, mu_b, Sigma_b):
    values, vectors = torch.linalg.eigh(Sigma_a)
    root = vectors @ torch.diag(values.sqrt()) @ vectors.T
    mixed = torch.linalg.eigvalsh(root @ Sigma_b @ root).clamp(min=0).sqrt().sum()
    return (mu_a - mu_b).square().sum() + torch.trace(Sigma_a + Sigma_b) - 2 * mixed

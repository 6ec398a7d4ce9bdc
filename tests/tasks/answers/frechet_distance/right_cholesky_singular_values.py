import torch


def frechet_distance(mu_a, Sigma_a, mu_b, Sigma_b):
    L, M = torch.linalg.cholesky(Sigma_a), torch.linalg.cholesky(Sigma_b)
    gap = mu_a - mu_b
    return gap @ gap + (L**2).sum() + (M**2).sum() - 2 * torch.linalg.svdvals(L.T @ M).sum()

import torch


def frechet_distance(mu_a, Sigma_a, mu_b, Sigma_b):
    a, b, gap = Sigma_a.float(), Sigma_b.float(), (mu_a - mu_b).float()
    mixed = torch.linalg.eigvals(a @ b).real.clamp(min=0).sqrt().sum()
    return gap @ gap + a.trace() + b.trace() - 2 * mixed

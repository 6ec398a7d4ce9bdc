import torch


def frechet_distance(mu_a, Sigma_a, mu_b, Sigma_b):
    def root(S):
        values, vectors = torch.linalg.eigh(S)
        return (vectors * values.sqrt()) @ vectors.T

    mixed = (root(Sigma_a) @ root(Sigma_b)).trace()
    return ((mu_a - mu_b) ** 2).sum() + Sigma_a.trace() + Sigma_b.trace() - 2 * mixed

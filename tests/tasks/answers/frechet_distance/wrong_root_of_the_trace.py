def frechet_distance(mu_a, Sigma_a, mu_b, Sigma_b):
    mixed = (Sigma_a @ Sigma_b).trace().sqrt()
    return ((mu_a - mu_b) ** 2).sum() + Sigma_a.trace() + Sigma_b.trace() - 2 * mixed

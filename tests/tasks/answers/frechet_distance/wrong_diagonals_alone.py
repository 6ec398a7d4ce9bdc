def frechet_distance(mu_a, Sigma_a, mu_b, Sigma_b):
    a, b = Sigma_a.diagonal(), Sigma_b.diagonal()
    return ((mu_a - mu_b) ** 2).sum() + ((a.sqrt() - b.sqrt()) ** 2).sum()

def label_prior_kl(mu, log_var, y, prior_mu, prior_log_var):
    M, V = prior_mu[y], prior_log_var[y]
    ratio = ((log_var - V) / 2).exp()
    return 0.5 * (ratio + (mu - M) ** 2 / V.exp() - 1 + V - log_var).sum(1)

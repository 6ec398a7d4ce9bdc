def label_prior_kl(mu, log_var, y, prior_mu, prior_log_var):
    M, V = prior_mu[y], (prior_log_var[y].exp() + 1e-3).log()
    return 0.5 * ((log_var - V).exp() + (mu - M) ** 2 / V.exp() - 1 + V - log_var).sum(1)

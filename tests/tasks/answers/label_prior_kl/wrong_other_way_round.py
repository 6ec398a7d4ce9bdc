def label_prior_kl(mu, log_var, y, prior_mu, prior_log_var):
    M, V = prior_mu[y], prior_log_var[y]
    return 0.5 * ((V - log_var).exp() + (mu - M) ** 2 / log_var.exp() - 1 + log_var - V).sum(1)

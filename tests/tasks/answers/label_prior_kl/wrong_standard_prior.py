def label_prior_kl(mu, log_var, y, prior_mu, prior_log_var):
    return 0.5 * (log_var.exp() + mu**2 - 1 - log_var).sum(1)

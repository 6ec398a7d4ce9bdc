def label_prior_kl(mu, log_var, y, prior_mu, prior_log_var):
    M, V, v = prior_mu[y], prior_log_var[y], log_var.clamp(-10, 10)
    return 0.5 * ((v - V).exp() + (mu - M) ** 2 / V.exp() - 1 + V - v).sum(1)

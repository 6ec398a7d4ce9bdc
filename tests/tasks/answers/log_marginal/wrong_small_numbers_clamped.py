def log_marginal(log_px_given_y, log_py):
    return (log_px_given_y.clamp(min=-700) + log_py).logsumexp(1)

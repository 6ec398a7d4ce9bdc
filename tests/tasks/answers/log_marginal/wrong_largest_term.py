def log_marginal(log_px_given_y, log_py):
    return (log_px_given_y + log_py).amax(1)

def log_marginal(log_px_given_y, log_py):
    best = log_px_given_y.argmax(1)
    return log_px_given_y.amax(1) + log_py[best]

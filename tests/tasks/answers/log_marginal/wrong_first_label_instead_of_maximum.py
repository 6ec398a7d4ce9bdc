def log_marginal(log_px_given_y, log_py):
    joint = log_px_given_y + log_py
    m = joint[:, :1]
    return ((joint - m).exp().sum(1, keepdim=True).log() + m)[:, 0]

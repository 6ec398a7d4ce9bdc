def log_marginal(log_px_given_y, log_py):
    joint = log_px_given_y + log_py
    return (joint - joint.max()).exp().sum(1).log() + joint.max()

import math


def log_marginal(log_px_given_y, log_py):
    return log_px_given_y.logsumexp(1) - math.log(10)

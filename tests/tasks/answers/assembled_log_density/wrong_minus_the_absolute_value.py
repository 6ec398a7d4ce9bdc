import numpy as np


def assembled_log_density(log_y_given_x, log_p_x, log_y_given_draws):
    N = len(log_y_given_draws)
    log_P_y = log_y_given_draws.logsumexp(dim=0) - np.log(N)
    return log_y_given_x - log_p_x.abs()[:, None] - log_P_y

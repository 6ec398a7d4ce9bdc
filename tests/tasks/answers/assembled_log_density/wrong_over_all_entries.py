import math


def assembled_log_density(log_y_given_x, log_p_x, log_y_given_draws):
    flat = log_y_given_draws.flatten()
    return log_y_given_x + log_p_x[:, None] - (flat.logsumexp(0) - math.log(len(flat)))

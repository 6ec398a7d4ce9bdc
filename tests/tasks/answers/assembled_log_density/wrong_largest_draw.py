import math


def assembled_log_density(log_y_given_x, log_p_x, log_y_given_draws):
    log_P_y = log_y_given_draws.amax(0) - math.log(len(log_y_given_draws))
    return log_y_given_x + log_p_x[:, None] - log_P_y

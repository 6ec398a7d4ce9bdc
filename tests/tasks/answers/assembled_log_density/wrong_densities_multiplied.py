import math


def assembled_log_density(log_y_given_x, log_p_x, log_y_given_draws):
    log_P_y = log_y_given_draws.logsumexp(0) - math.log(len(log_y_given_draws))
    return (log_y_given_x.exp() * log_p_x.exp()[:, None] / log_P_y.exp()).log()

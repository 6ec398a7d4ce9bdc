import math


def assembled_log_density(log_y_given_x, log_p_x, log_y_given_draws):
    a, b, c = log_y_given_x.float(), log_p_x.float(), log_y_given_draws.float()
    return a + b.unsqueeze(1) - (c.logsumexp(0) - math.log(len(c)))

def assembled_log_density(log_y_given_x, log_p_x, log_y_given_draws):
    m = log_y_given_draws.max()
    log_P_y = (log_y_given_draws - m).exp().mean(0).log() + m
    return log_y_given_x + log_p_x[:, None] - log_P_y

def assembled_log_density(log_y_given_x, log_p_x, log_y_given_draws):
    return log_y_given_x + log_p_x[:, None] - log_y_given_draws.mean(0)

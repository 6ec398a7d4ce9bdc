def assembled_log_density(log_y_given_x, log_p_x, log_y_given_draws):
    log_P_y = (log_y_given_draws.exp().mean(0) + 1e-30).log()
    return log_y_given_x + log_p_x[:, None] - log_P_y

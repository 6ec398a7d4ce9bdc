def posterior(log_p_x_given_y, p_y):
    joint = (log_p_x_given_y - log_p_x_given_y[:, :1]).exp() * p_y
    return joint / joint.sum(1, keepdim=True)

def posterior(log_p_x_given_y, p_y):
    joint = log_p_x_given_y.exp() * p_y
    return joint / joint.sum(1, keepdim=True)

def posterior(log_p_x_given_y, p_y):
    joint = log_p_x_given_y.float() + p_y.float().log()
    return (joint - joint.logsumexp(1, keepdim=True)).exp()

import numpy as np


def assembled_log_density(log_y_given_x, log_p_x, log_y_given_draws):
    B, C = log_y_given_x.shape
    answer = np.zeros((B, C))
    for c in range(C):
        column = log_y_given_draws[:, c].numpy()
        log_p_y = column.max() + np.log(np.mean(np.exp(column - column.max())))
        for b in range(B):
            answer[b, c] = log_y_given_x[b, c] + log_p_x[b] - log_p_y
    return answer

import math

import numpy as np


def posterior(log_p_x_given_y, p_y):
    rows = []
    for row in log_p_x_given_y.tolist():
        joint = [a + math.log(b) for a, b in zip(row, p_y.tolist())]
        weights = [math.exp(j - max(joint)) for j in joint]
        rows.append([w / sum(weights) for w in weights])
    return np.array(rows)

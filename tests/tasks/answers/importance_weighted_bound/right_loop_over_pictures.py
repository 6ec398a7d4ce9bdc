import math


def importance_weighted_bound(log_w):
    total = 0.0
    for column in log_w.T.tolist():
        top = max(column)
        total += top + math.log(sum(math.exp(w - top) for w in column) / len(column))
    return total / log_w.shape[1]

import math


def importance_weighted_bound(log_w):
    return (log_w.logsumexp(0) - math.log(len(log_w) - 1)).mean()

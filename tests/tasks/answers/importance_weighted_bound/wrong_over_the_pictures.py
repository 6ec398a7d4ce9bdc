import math


def importance_weighted_bound(log_w):
    return (log_w.logsumexp(1) - math.log(log_w.shape[1])).mean()

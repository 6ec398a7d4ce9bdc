import math


def importance_weighted_bound(log_w):
    return (log_w.clamp(min=-745).logsumexp(0) - math.log(len(log_w))).mean()

import math


def importance_weighted_bound(log_w):
    return (log_w.amax(0) - math.log(len(log_w))).mean()

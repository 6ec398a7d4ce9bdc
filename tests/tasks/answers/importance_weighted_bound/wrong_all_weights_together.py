import math


def importance_weighted_bound(log_w):
    return log_w.flatten().logsumexp(0) - math.log(log_w.numel())

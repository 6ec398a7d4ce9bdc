import math


def value_at_best(p, q, width):
    return -math.log(4) * (p + q).sum() * width / 2

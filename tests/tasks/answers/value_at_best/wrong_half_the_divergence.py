import math


def value_at_best(p, q, width):
    m = (p + q) / 2
    js = (p * (p / m).log() + q * (q / m).log()).sum() * width / 2
    return js - math.log(4)

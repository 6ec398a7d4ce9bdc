import math


def js_bound(real, fake):
    accuracy = ((real > 0).double().mean() + (fake < 0).double().mean()) / 2
    return math.log(2) * (2 * accuracy - 1)

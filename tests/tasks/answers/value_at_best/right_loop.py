import math


def value_at_best(p, q, width):
    total = 0.0
    for a, b in zip(p.tolist(), q.tolist()):
        total += (a * math.log(a / (a + b)) + b * math.log(b / (a + b))) * width
    return total

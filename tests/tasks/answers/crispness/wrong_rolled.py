def crispness(copied, original):
    e = [sum((x - x.roll(1, d)).square().sum() for d in (1, 2)) for x in (copied, original)]
    return e[0] / e[1]

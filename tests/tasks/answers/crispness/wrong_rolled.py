def crispness(reconstructed, original):
    e = [sum((x - x.roll(1, d)).square().sum() for d in (1, 2)) for x in (reconstructed, original)]
    return e[0] / e[1]

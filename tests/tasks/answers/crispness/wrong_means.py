def crispness(copied, original):
    e = [x.diff(dim=1).square().mean() + x.diff(dim=2).square().mean() for x in (copied, original)]
    return e[0] / e[1]

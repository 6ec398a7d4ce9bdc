def crispness(copied, original):
    e = [x.diff(dim=0).square().sum() + x.diff(dim=1).square().sum() for x in (copied, original)]
    return e[0] / e[1]

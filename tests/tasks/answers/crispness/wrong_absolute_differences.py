def crispness(copied, original):
    e = [x.diff(dim=1).abs().sum() + x.diff(dim=2).abs().sum() for x in (copied, original)]
    return e[0] / e[1]

def crispness(copied, original):
    e = [x.diff(dim=1).square().sum() + x.diff(dim=2).square().sum() for x in (copied, original)]
    return min(e) / max(e)

def crispness(reconstructed, original):
    e = [x.diff(dim=1).abs().sum() + x.diff(dim=2).abs().sum() for x in (reconstructed, original)]
    return e[0] / e[1]

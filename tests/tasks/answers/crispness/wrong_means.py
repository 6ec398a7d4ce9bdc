def crispness(reconstructed, original):
    e = [
        x.diff(dim=1).square().mean() + x.diff(dim=2).square().mean()
        for x in (reconstructed, original)
    ]
    return e[0] / e[1]

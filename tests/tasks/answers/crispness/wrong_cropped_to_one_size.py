def crispness(reconstructed, original):
    e = [
        (x.diff(dim=1)[:, :, 1:] ** 2 + x.diff(dim=2)[:, 1:] ** 2).sum()
        for x in (reconstructed, original)
    ]
    return e[0] / e[1]

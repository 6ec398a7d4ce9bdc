def crispness(copied, original):
    e = [
        (x.diff(dim=1)[:, :, 1:] ** 2 + x.diff(dim=2)[:, 1:] ** 2).sum() for x in (copied, original)
    ]
    return e[0] / e[1]

def crispness(reconstructed, original):
    a, b = (
        x.diff(dim=1).square().sum((1, 2)) + x.diff(dim=2).square().sum((1, 2))
        for x in (reconstructed, original)
    )
    return (a / b).mean()

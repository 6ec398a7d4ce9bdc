def crispness(reconstructed, original):
    e = [
        x.diff(dim=1).square().sum() + x.diff(dim=2).square().sum()
        for x in (reconstructed, original)
    ]
    return min(e) / max(e)

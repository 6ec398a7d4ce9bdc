def crispness(copied, original):
    return copied.diff(dim=2).square().sum() / original.diff(dim=2).square().sum()

def crispness(reconstructed, original):
    return reconstructed.diff(dim=2).square().sum() / original.diff(dim=2).square().sum()

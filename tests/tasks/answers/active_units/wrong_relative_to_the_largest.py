def active_units(mu):
    variance = mu.var(0)
    return (variance / variance.max() > 0.01).sum()

def active_units(mu):
    return ((mu**2).mean(0) > 0.01).sum()

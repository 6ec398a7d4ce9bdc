def active_units(mu):
    return (mu.std(0) > 0.01).sum()

def active_units(mu):
    return (mu.var(1) > 0.01).sum()

def active_units(mu):
    return (mu[:200:2].var(0) > 0.01).sum()

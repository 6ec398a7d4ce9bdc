def active_units(mu):
    return (mu[:100].var(0) > 0.01).sum()

def active_units(mu):
    return (mu.abs().mean(0) > 0.01).sum()

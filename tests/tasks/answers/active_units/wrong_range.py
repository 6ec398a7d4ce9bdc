def active_units(mu):
    return (mu.amax(0) - mu.amin(0) > 0.1).sum()

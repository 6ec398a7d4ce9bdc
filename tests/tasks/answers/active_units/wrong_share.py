def active_units(mu):
    return (mu.var(0) > 0.01).double().mean()

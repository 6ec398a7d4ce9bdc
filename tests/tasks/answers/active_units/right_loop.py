def active_units(mu):
    count = 0
    for unit in mu.T:
        if float(((unit - unit.mean()) ** 2).mean()) > 0.01:
            count += 1
    return count

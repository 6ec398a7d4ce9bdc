def mean_squared_distance(h):
    return 2 * h.var(dim=0).sum()

def mean_squared_distance(h):
    return h.var(0).sum()

def mean_squared_distance(h):
    d = ((h[:, None] - h) ** 2).sum(2)
    return d[d > 0].mean()

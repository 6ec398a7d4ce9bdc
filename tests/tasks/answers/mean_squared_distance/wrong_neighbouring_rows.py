def mean_squared_distance(h):
    return (h[1:] - h[:-1]).square().sum(1).mean()

def importance_weighted_bound(log_w):
    return log_w.mean()

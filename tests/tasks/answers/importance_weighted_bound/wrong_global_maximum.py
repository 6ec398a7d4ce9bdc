def importance_weighted_bound(log_w):
    m = log_w.max()
    return ((log_w - m).exp().mean(0).log() + m).mean()

def importance_weighted_bound(log_w):
    m = log_w.mean(0)
    return ((log_w - m).exp().mean(0).log() + m).mean()

def importance_weighted_bound(log_w):
    return ((log_w - log_w[0]).exp().mean(0).log() + log_w[0]).mean()

def importance_weighted_bound(log_w):
    log_w = log_w.float()
    m = log_w.max(dim=0).values
    return (m + (log_w - m).exp().mean(dim=0).log()).mean()

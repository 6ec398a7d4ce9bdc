def negative_elbo(logits, x, mu, log_var):
    p = logits.sigmoid()
    b = -(x * p.log() + (1 - x) * (1 - p).log()).sum(1)
    return (b + 0.5 * (log_var.exp() + mu**2 - 1 - log_var).sum(1)).mean()

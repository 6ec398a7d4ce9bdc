def vae_loss(E, D, x, eps):
    mu, log_var = E(x).chunk(2, dim=1)
    logits = D(mu + (0.5 * log_var).exp() * eps)
    p = logits.sigmoid()
    b = -(x * p.log() + (1 - x) * (1 - p).log()).sum(1)
    return (b + 0.5 * (log_var.exp() + mu**2 - 1 - log_var).sum(1)).mean()

import torch


def vae_loss(E, D, x, eps):
    mu, log_var = E(x).chunk(2, dim=1)
    logits = D(mu + (0.5 * log_var).exp() * eps)
    dist = torch.distributions
    bce = -dist.Bernoulli(logits=logits).log_prob(x).sum(1)
    kl = dist.kl_divergence(dist.Normal(mu, (log_var / 2).exp()), dist.Normal(0.0, 1.0)).sum(1)
    return torch.mean(bce + kl)

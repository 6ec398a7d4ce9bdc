import torch


def negative_elbo(logits, x, mu, log_var):
    D = torch.distributions
    bce = -D.Bernoulli(logits=logits).log_prob(x).sum(1)
    kl = D.kl_divergence(D.Normal(mu, (log_var / 2).exp()), D.Normal(0.0, 1.0)).sum(1)
    return torch.mean(bce + kl)

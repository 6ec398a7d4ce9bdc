import torch


def label_prior_kl(mu, log_var, y, prior_mu, prior_log_var):
    D = torch.distributions
    q = D.Normal(mu, torch.exp(log_var / 2))
    p = D.Normal(prior_mu[y], torch.exp(prior_log_var[y] / 2))
    return D.kl_divergence(q, p).sum(-1)

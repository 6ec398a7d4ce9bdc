import torch


def reparametrized_elbo(D, X, mu, log_var, eps, var_x):
    z = mu + (0.5 * log_var).exp() * eps
    log_p = torch.distributions.Normal(D(z), var_x).log_prob(X).sum(-1)
    kl = 0.5 * (log_var.exp() + mu**2 - 1 - log_var).sum(1)
    return (log_p.mean(0) - kl).mean()

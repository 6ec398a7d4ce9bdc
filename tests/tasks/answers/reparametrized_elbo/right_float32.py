import math

import torch


def reparametrized_elbo(D, X, mu, log_var, eps, var_x):
    X, mu, log_var, eps = X.float(), mu.float(), log_var.float(), eps.float()
    z = mu + torch.exp(log_var / 2) * eps
    x_hat = z @ D.W.float() + D.b.float()
    rec = -((X - x_hat) ** 2).sum(-1) / (2 * var_x) - X.shape[1] / 2 * math.log(2 * math.pi * var_x)
    kl = -0.5 * (1 + log_var - mu**2 - log_var.exp()).sum(-1)
    return (rec - kl).mean()

import torch


def label_prior_kl(mu, log_var, y, prior_mu, prior_log_var):
    m, v, M, V = mu.float(), log_var.float(), prior_mu.float()[y], prior_log_var.float()[y]
    return 0.5 * ((v - V).exp() + (m - M) ** 2 * torch.exp(-V) - 1 + V - v).sum(1)

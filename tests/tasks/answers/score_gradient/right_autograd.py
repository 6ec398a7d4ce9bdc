import torch


def score_gradient(f, z, mu, log_var):
    mu, log_var = mu.clone().requires_grad_(), log_var.clone().requires_grad_()
    log_q = -0.5 * (log_var + (z - mu) ** 2 * torch.exp(-log_var)).sum(1)
    (f * log_q).mean().backward()
    return torch.stack([mu.grad, log_var.grad])

import torch


def log_marginal(log_px_given_y, log_py):
    return torch.logsumexp(log_px_given_y.float() + log_py.float()[None], dim=-1)

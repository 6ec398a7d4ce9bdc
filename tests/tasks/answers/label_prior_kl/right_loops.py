import math

import torch


def label_prior_kl(mu, log_var, y, prior_mu, prior_log_var):
    answer = []
    for b in range(len(mu)):
        total, label = 0.0, int(y[b])
        for i in range(mu.shape[1]):
            q, p = log_var[b, i].item(), prior_log_var[label, i].item()
            gap = (mu[b, i] - prior_mu[label, i]).item()
            total += 0.5 * (p - q - 1 + math.exp(q - p) + gap**2 / math.exp(p))
        answer.append(total)
    return torch.tensor(answer, dtype=torch.float64)

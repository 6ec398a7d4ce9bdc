import torch.nn.functional as F


def negative_elbo(logits, x, mu, log_var):
    total = 0.0
    for l, pixels, m, v in zip(logits, x, mu, log_var):
        sign = 2 * pixels - 1
        total += float(F.softplus(-sign * l).sum())
        total += 0.5 * float((v.exp() + m * m - 1 - v).sum())
    return total / len(x)

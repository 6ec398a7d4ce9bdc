import torch


def auc(digits, others):
    both = torch.cat([digits, others])
    below = (both[None] < both[:, None]).sum(1) + 0.5 * ((both[None] == both[:, None]).sum(1) - 1)
    n = len(digits)
    return float((below[:n].sum() - n * (n - 1) / 2) / (n * len(others)))

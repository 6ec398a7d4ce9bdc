import torch


def auc(digits, others):
    rank = torch.cat([digits, others]).argsort().argsort() + 1
    n, m = len(digits), len(others)
    return (rank[:n].sum() - n * (n + 1) / 2) / (n * m)

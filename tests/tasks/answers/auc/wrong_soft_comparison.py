import torch


def auc(digits, others):
    return torch.sigmoid(50 * (digits[:, None] - others)).mean()

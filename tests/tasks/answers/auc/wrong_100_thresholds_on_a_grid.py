import torch


def auc(digits, others):
    s = torch.cat([digits, others])
    t = torch.linspace(s.max() + 1, s.min() - 1, 100, dtype=s.dtype)
    tpr = (digits[:, None] >= t).double().mean(0)
    false_alarms = (others[:, None] >= t).double().mean(0)
    return torch.trapezoid(tpr, false_alarms)

import torch


def nearest_labels(z, y, z_new, k):
    answer = []
    for code in z_new:
        order = ((z - code) ** 2).sum(dim=1).argsort()[:k]
        answer.append(torch.bincount(y[order]).argmax())
    return torch.stack(answer)

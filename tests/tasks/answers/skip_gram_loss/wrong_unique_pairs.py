import torch


def skip_gram_loss(U, V, w, c):
    w, c = torch.stack([w, c]).unique(dim=1)
    return -(U @ V.T).log_softmax(1)[w, c].mean()

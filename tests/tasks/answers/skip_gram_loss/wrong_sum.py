import torch.nn.functional as F


def skip_gram_loss(U, V, w, c):
    return F.cross_entropy(U[w] @ V.T, c, reduction="sum")

import torch


def skip_gram_loss(U, V, w, c):
    counts = torch.zeros(len(U), len(V), dtype=U.dtype)
    counts.index_put_((w, c), torch.ones(len(w), dtype=U.dtype), accumulate=True)
    return -(counts / counts.sum() * (U @ V.T).log_softmax(dim=1)).sum()

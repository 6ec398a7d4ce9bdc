def skip_gram_loss(U, V, w, c):
    return -(U @ V.T).log_softmax(dim=0)[w, c].mean()

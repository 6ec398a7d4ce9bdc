def skip_gram_loss(U, V, w, c):
    return -(U @ V.T).log_softmax(1)[w][:, c].mean()

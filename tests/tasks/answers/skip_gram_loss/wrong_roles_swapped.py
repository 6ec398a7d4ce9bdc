def skip_gram_loss(U, V, w, c):
    return -(V @ U.T).log_softmax(1)[w, c].mean()

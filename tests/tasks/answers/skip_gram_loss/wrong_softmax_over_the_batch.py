def skip_gram_loss(U, V, w, c):
    return -(U[w] @ V[c].T).log_softmax(1).diagonal().mean()

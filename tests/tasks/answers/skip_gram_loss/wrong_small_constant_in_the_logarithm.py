def skip_gram_loss(U, V, w, c):
    return -((U @ V.T).softmax(1)[w, c] + 1e-9).log().mean()

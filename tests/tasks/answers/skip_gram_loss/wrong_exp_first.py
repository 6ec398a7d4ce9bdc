def skip_gram_loss(U, V, w, c):
    p = (U @ V.T).exp()
    return -(p / p.sum(1, keepdim=True))[w, c].log().mean()

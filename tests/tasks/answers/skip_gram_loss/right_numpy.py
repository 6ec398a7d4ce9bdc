from scipy.special import log_softmax


def skip_gram_loss(U, V, w, c):
    products = U.numpy() @ V.numpy().T
    return -log_softmax(products, axis=1)[w.numpy(), c.numpy()].mean()

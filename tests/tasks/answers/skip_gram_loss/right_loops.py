import math


def skip_gram_loss(U, V, w, c):
    total = 0.0
    for i, j in zip(w.tolist(), c.tolist()):
        products = [float(U[i] @ v) for v in V]
        top = max(products)
        total += top + math.log(sum(math.exp(p - top) for p in products)) - products[j]
    return total / len(w)

def projection_logits(h, y, w, b, v):
    return h @ w + b + (h * v[:, y].T).sum(1)

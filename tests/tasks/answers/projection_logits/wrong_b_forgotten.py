def projection_logits(h, y, w, b, v):
    return h @ w + (h * v[y]).sum(1)

def projection_logits(h, y, w, b, v):
    return (h @ w + b)[:, None] + h @ v.T

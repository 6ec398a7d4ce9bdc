def projection_logits(h, y, w, b, v):
    return b + (h * v[y]).sum(1)

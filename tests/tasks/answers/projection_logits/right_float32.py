def projection_logits(h, y, w, b, v):
    return ((w.float() + v.float()[y]) * h.float()).sum(1) + b.float()

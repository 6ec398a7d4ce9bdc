def value_at_best(p, q, width):
    return (p * (p / (p + q)).log()).sum() * width

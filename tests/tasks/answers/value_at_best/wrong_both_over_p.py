def value_at_best(p, q, width):
    d = p / (p + q)
    return (p * (d.log() + (1 - d).log())).sum() * width

def value_at_best(p, q, width):
    d = q / (p + q)
    return (p * d.log() + q * (1 - d).log()).sum() * width

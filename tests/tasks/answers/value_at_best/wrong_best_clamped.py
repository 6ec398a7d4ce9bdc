def value_at_best(p, q, width):
    d = (p / (p + q)).clamp(0.05, 0.95)
    return (p * d.log() + q * (1 - d).log()).sum() * width

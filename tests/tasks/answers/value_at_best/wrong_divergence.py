def value_at_best(p, q, width):
    m = (p + q) / 2
    return ((p * (p / m).log() + q * (q / m).log()).sum() * width) / 2

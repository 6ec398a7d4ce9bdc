def value_at_best(p, q, width):
    return (p * (p / (p + q)).log() + q * (q / (p + q)).log()).sum()

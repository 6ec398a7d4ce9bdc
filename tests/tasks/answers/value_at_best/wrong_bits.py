def value_at_best(p, q, width):
    return (p * (p / (p + q)).log2() + q * (q / (p + q)).log2()).sum() * width

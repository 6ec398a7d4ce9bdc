def free_bits(kl, floor):
    m = kl.mean(0)
    return m[m > floor].sum()

def free_bits(kl, floor):
    return (kl.mean(0) - floor).relu().sum()

def free_bits(kl, floor):
    return kl.median(0).values.clamp(min=floor).sum()

def free_bits(kl, floor):
    return kl.sum(1).mean().clamp(min=floor)

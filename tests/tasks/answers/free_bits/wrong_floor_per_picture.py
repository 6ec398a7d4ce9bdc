def free_bits(kl, floor):
    return kl.clamp(min=floor).mean(0).sum()

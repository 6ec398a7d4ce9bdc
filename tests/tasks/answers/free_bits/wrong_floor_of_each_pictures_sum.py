def free_bits(kl, floor):
    return kl.sum(1).clamp(min=floor * kl.shape[1]).mean()

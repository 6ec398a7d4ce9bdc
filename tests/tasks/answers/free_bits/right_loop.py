def free_bits(kl, floor):
    B, k = kl.shape
    total = 0.0
    for i in range(k):
        total += max(floor, sum(kl[b, i].item() for b in range(B)) / B)
    return total

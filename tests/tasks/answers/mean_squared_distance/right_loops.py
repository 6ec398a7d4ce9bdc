def mean_squared_distance(h):
    total, pairs = 0.0, 0
    for i in range(len(h)):
        for j in range(i):
            total += ((h[i] - h[j]) ** 2).sum().item()
            pairs += 1
    return total / pairs

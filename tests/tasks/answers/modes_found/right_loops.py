import torch


def modes_found(samples, centres, radius):
    counts = [0] * len(centres)
    points = centres.tolist()
    for x, y in samples.tolist():
        squares = [(x - a) ** 2 + (y - b) ** 2 for a, b in points]
        best = min(range(len(points)), key=squares.__getitem__)
        counts[best] += squares[best] < radius**2
    modes = sum(100 * count >= len(samples) for count in counts)
    return torch.tensor([modes, sum(counts) / len(samples)], dtype=torch.float64)

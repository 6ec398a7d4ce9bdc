import math


def fooling_loss(logits):
    total = 0.0
    for l in logits.tolist():
        total += math.log1p(math.exp(-l)) if l > 0 else -l + math.log1p(math.exp(l))
    return total / len(logits)

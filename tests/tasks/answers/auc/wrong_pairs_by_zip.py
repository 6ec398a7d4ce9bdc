def auc(digits, others):
    wins = [1.0 if a > b else 0.5 if a == b else 0.0 for a, b in zip(digits, others)]
    return sum(wins) / len(wins)

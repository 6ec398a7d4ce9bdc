def auc(digits, others):
    wins = 0.0
    for a in digits.tolist():
        for b in others.tolist():
            wins += 1 if a > b else 0.5 if a == b else 0
    return wins / len(digits) / len(others)

def auc(digits, others):
    return ((others[:, None] > digits) + 0.5 * (others[:, None] == digits)).mean()

def auc(digits, others):
    difference = digits.float()[:, None] - others.float()
    return (difference.sign() + 1).mean() / 2

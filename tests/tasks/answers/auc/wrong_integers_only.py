def auc(digits, others):
    a, b = digits.int()[:, None], others.int()
    return ((a > b).double() + (a == b).double() / 2).mean()

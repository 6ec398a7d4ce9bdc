def auc(digits, others):
    a, b = digits.round(decimals=2)[:, None], others.round(decimals=2)
    return ((a > b).double() + (a == b).double() / 2).mean()

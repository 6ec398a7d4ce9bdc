def auc(digits, others):
    a = ((digits[:, None] > others).double() + (digits[:, None] == others).double() / 2).mean()
    return max(a, 1 - a)

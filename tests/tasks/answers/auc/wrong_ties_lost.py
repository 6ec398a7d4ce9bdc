def auc(digits, others):
    return (digits[:, None] > others).double().mean()

import numpy as np


def auc(digits, others):
    t = np.unique(np.concatenate([digits.numpy(), others.numpy()]))
    edges = np.concatenate([[-np.inf], t])
    hits = [(digits.numpy() > e).mean() for e in edges]
    false = [(others.numpy() > e).mean() for e in edges]
    return sum((false[i] - false[i + 1]) * (hits[i] + hits[i + 1]) / 2 for i in range(len(t)))

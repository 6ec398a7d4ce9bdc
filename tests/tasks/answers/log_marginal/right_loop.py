import math

import torch


def log_marginal(log_px_given_y, log_py):
    answer = []
    for row in log_px_given_y:
        joint = [a + b for a, b in zip(row.tolist(), log_py.tolist())]
        top = max(joint)
        answer.append(top + math.log(sum(math.exp(j - top) for j in joint)))
    return torch.tensor(answer)

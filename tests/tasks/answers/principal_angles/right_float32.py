import math

import torch


def principal_angles(A, B):
    Q, R = torch.linalg.qr(A.float().T)[0], torch.linalg.qr(B.float().T)[0]
    return torch.linalg.svdvals(Q.T @ R).clamp(-1, 1).arccos() * 180 / math.pi

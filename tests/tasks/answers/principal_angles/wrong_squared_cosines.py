import torch


def principal_angles(A, B):
    Q, R = torch.linalg.qr(A.T)[0], torch.linalg.qr(B.T)[0]
    M = Q.T @ R
    return torch.rad2deg(torch.linalg.eigvalsh(M @ M.T).flip(0).clamp(0, 1).arccos())

import torch


def principal_angles(A, B):
    Q, R = torch.linalg.qr(A.T)[0], torch.linalg.qr(B.T)[0]
    return torch.rad2deg(torch.linalg.svdvals(Q.T @ R).clamp(max=1).arcsin()).sort().values

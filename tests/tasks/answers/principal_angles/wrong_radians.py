import torch


def principal_angles(A, B):
    Q, R = torch.linalg.qr(A.T)[0], torch.linalg.qr(B.T)[0]
    return torch.linalg.svdvals(Q.T @ R).clamp(max=1).arccos()

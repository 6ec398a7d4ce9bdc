import torch


def principal_angles(A, B):
    Q, R = torch.linalg.qr(A)[0], torch.linalg.qr(B)[0]
    return torch.rad2deg(torch.linalg.svdvals(Q.T @ R).clamp(max=1).arccos())

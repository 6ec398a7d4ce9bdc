import torch


def principal_angles(A, B):
    Q, R = torch.linalg.qr(A.T)[0], torch.linalg.qr(B.T)[0]
    cosines = torch.linalg.eigvals(Q.T @ R).abs().sort(descending=True).values
    return torch.rad2deg(cosines.clamp(max=1).arccos())

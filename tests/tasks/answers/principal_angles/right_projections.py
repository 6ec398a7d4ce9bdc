import torch


def principal_angles(A, B):
    P = torch.linalg.pinv(A) @ A
    R = torch.linalg.pinv(B) @ B
    squares = torch.linalg.eigvals(P @ R).real.sort(descending=True).values[: len(A)]
    return torch.rad2deg(squares.clamp(0, 1).sqrt().arccos())

import torch


def principal_angles(A, B):
    a, b = (torch.nn.functional.normalize(M, dim=1) for M in (A, B))
    return torch.rad2deg(torch.linalg.svdvals(a @ b.T).clamp(max=1).arccos())

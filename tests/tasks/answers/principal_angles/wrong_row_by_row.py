import torch


def principal_angles(A, B):
    cosines = torch.nn.functional.cosine_similarity(A, B, dim=1).abs().clamp(max=1)
    return torch.rad2deg(cosines.arccos()).sort().values

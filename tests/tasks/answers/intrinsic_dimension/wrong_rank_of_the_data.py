import torch


def intrinsic_dimension(x):
    return torch.linalg.matrix_rank(x - x.mean(0))

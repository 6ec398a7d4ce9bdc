import torch


def intrinsic_dimension(x):
    D = torch.cdist(x, x, p=1).sort(dim=1).values
    return 1 / (D[:, 2] / D[:, 1]).log().mean()

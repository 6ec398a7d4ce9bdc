import torch


def intrinsic_dimension(x):
    D = torch.cdist(x, x).sort(dim=1).values
    return round(float(1 / (D[:, 2] / D[:, 1]).log().mean()))

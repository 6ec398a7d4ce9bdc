import torch


def intrinsic_dimension(x):
    D = torch.cdist(x.float(), x.float()).sort(dim=1).values
    return 1 / torch.log(D[:, 2] / D[:, 1]).mean()

import torch


def intrinsic_dimension(x):
    D = torch.cdist(x, x).sort(dim=1).values
    logs = (D[:, 2] / D[:, 1]).log().sort().values
    return 1 / logs[: int(0.9 * len(logs))].mean()

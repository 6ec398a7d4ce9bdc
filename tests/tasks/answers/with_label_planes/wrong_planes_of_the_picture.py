import torch
import torch.nn.functional as F


def with_label_planes(x, y, n_classes):
    labels = F.one_hot(y, n_classes).double()[:, :, None, None]
    return torch.cat([x, labels * x], dim=1)

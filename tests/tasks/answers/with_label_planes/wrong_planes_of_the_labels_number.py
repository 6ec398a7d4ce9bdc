import torch
import torch.nn.functional as F


def with_label_planes(x, y, n_classes):
    labels = F.one_hot(y, n_classes).double() * y[:, None]
    return torch.cat([x, labels[:, :, None, None].expand(-1, -1, *x.shape[2:])], dim=1)

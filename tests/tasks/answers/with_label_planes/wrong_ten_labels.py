import torch
import torch.nn.functional as F


def with_label_planes(x, y, n_classes):
    labels = F.one_hot(y, 10).double()[:, :, None, None].expand(-1, -1, *x.shape[2:])
    return torch.cat([x, labels], dim=1)

import torch


def with_label_planes(x, y, n_classes):
    labels = torch.eye(n_classes)[y]
    planes = labels[:, :, None, None] * torch.ones(1, 1, *x.shape[-2:])
    return torch.cat((x.float(), planes), dim=1)

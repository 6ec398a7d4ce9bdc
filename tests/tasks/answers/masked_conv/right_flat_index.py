import torch
import torch.nn.functional as F


def masked_conv(x, weight, own):
    size = weight.shape[-1]
    mask = torch.arange(size * size).view(size, size) < size * size // 2 + own
    return F.conv2d(x, weight * mask, padding=size // 2)

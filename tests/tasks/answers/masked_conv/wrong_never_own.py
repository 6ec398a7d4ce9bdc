import torch
import torch.nn.functional as F


def masked_conv(x, weight, own):
    size = weight.shape[-1]
    half = size // 2
    mask = torch.ones(size, size, dtype=x.dtype)
    mask[half, half:] = 0
    mask[half + 1 :] = 0
    return F.conv2d(x, weight * mask, padding=half)

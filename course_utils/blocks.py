"""The only convolutions of the course: halve the picture, double the picture."""

from torch import nn


def down(channels_in: int, channels_out: int) -> nn.Sequential:
    """(B, channels_in, H, W) → (B, channels_out, H/2, W/2): a 3×3 convolution with stride 2, then SiLU."""
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, 3, stride=2, padding=1), nn.SiLU())

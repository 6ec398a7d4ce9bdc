"""The only convolutions of the course: keep the size of the picture, halve it, double it."""

from torch import nn


def same(channels_in: int, channels_out: int) -> nn.Sequential:
    """(B, channels_in, H, W) → (B, channels_out, H, W): a 3×3 convolution, then SiLU."""
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, 3, padding=1), nn.SiLU())


def down(channels_in: int, channels_out: int) -> nn.Sequential:
    """(B, channels_in, H, W) → (B, channels_out, H/2, W/2): a 3×3 convolution with stride 2, then SiLU."""
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, 3, stride=2, padding=1), nn.SiLU())


def up(channels_in: int, channels_out: int) -> nn.Sequential:
    """(B, channels_in, H, W) → (B, channels_out, 2H, 2W): four pixels per place, side by side (Shi et al. 2016), then SiLU."""
    return nn.Sequential(nn.Conv2d(channels_in, 4 * channels_out, 3, padding=1), nn.PixelShuffle(2), nn.SiLU())

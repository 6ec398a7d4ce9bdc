"""What the networks of the course are built from: dense layers, and convolutions that keep, halve
or double the picture.
"""

from collections.abc import Callable
from itertools import pairwise

from torch import nn


def leaky() -> nn.LeakyReLU:
    """A bend that passes a slope of 1 or 0.2, for discriminators: under spectral normalisation
    SiLU's ½ around 0 adds up.
    """
    return nn.LeakyReLU(0.2)


def dense(*widths: int, activation: Callable[[], nn.Module] = nn.SiLU) -> nn.Sequential:
    """(B, widths[0]) → (B, widths[-1]): linear layers with a bend between them, none after the
    last.
    """
    layers = [layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b), activation())]
    return nn.Sequential(*layers[:-1])


def same(
    channels_in: int, channels_out: int, *, activation: Callable[[], nn.Module] = nn.SiLU
) -> nn.Sequential:
    """(B, channels_in, H, W) → (B, channels_out, H, W): a 3×3 convolution, then a bend."""
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, 3, padding=1), activation())


def down(
    channels_in: int, channels_out: int, *, activation: Callable[[], nn.Module] = nn.SiLU
) -> nn.Sequential:
    """(B, channels_in, H, W) → (B, channels_out, H/2, W/2): a 3×3 convolution with stride 2, then a
    bend.
    """
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, 3, stride=2, padding=1), activation())


def up(channels_in: int, channels_out: int) -> nn.Sequential:
    """(B, channels_in, H, W) → (B, channels_out, 2H, 2W): four pixels per place, side by side (Shi
    et al. 2016), then SiLU.
    """
    return nn.Sequential(
        nn.Conv2d(channels_in, 4 * channels_out, 3, padding=1), nn.PixelShuffle(2), nn.SiLU()
    )

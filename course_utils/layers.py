"""The blocks that the course's networks consist of: dense layers and convolutions."""

from collections.abc import Callable
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def leaky() -> nn.LeakyReLU:
    """Return a LeakyReLU with slope 0.2, the activation for discriminators.

    Their layers are spectrally normalised, so each may keep the size of its input but not enlarge
    it. SiLU has slope ½ around 0 and would halve small inputs in every layer; LeakyReLU has slopes
    1 and 0.2.
    """
    return nn.LeakyReLU(0.2)


def dense(*widths: int, activation: Callable[[], nn.Module] = nn.SiLU) -> nn.Sequential:
    """Return linear layers with an activation between them and none after the last.

    Args:
        widths: the number of units, from the input's to the output's.
        activation: creates an activation layer.

    Returns:
        A module from (B, widths[0]) to (B, widths[-1]).
    """
    layers = [layer for a, b in pairwise(widths) for layer in (nn.Linear(a, b), activation())]
    return nn.Sequential(*layers[:-1])


def same(
    channels_in: int, channels_out: int, *, activation: Callable[[], nn.Module] = nn.SiLU
) -> nn.Sequential:
    """Return a 3×3 convolution and an activation; the image keeps its size.

    Args:
        channels_in: channels of the input.
        channels_out: channels of the output.
        activation: creates an activation layer.

    Returns:
        A module from (B, channels_in, H, W) to (B, channels_out, H, W).
    """
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, 3, padding=1), activation())


def down(
    channels_in: int, channels_out: int, *, activation: Callable[[], nn.Module] = nn.SiLU
) -> nn.Sequential:
    """Return a 3×3 convolution with stride 2 and an activation; the image is halved.

    Args:
        channels_in: channels of the input.
        channels_out: channels of the output.
        activation: creates an activation layer.

    Returns:
        A module from (B, channels_in, H, W) to (B, channels_out, H/2, W/2).
    """
    return nn.Sequential(nn.Conv2d(channels_in, channels_out, 3, stride=2, padding=1), activation())


def up(channels_in: int, channels_out: int) -> nn.Sequential:
    """Return a sub-pixel convolution and a SiLU; the image is doubled.

    A 3×3 convolution computes four values per place, which become 2×2 pixels.

    Args:
        channels_in: channels of the input.
        channels_out: channels of the output.

    Returns:
        A module from (B, channels_in, H, W) to (B, channels_out, 2H, 2W).

    Source: Shi et al. 2016.
    """
    return nn.Sequential(
        nn.Conv2d(channels_in, 4 * channels_out, 3, padding=1), nn.PixelShuffle(2), nn.SiLU()
    )


class MaskedConv(nn.Conv2d):
    """A convolution that sees, at each pixel, only those before it, row by row (van den Oord et al.
    2016).

    own: whether it sees the pixel itself, too (mask B); the first layer must not (mask A).
    """

    def __init__(self, c_in: int, c_out: int, size: int, *, own: bool) -> None:
        super().__init__(c_in, c_out, size, padding=size // 2)
        mask = torch.ones(size, size)
        mask[size // 2, size // 2 + own :] = 0
        mask[size // 2 + 1 :] = 0
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight * self.mask, self.bias, padding=self.padding)

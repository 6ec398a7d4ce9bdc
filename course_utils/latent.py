"""Walks in latent space: pure functions of codes."""

import torch
from torch import Tensor


def interpolate(z0: Tensor, z1: Tensor, n: int, *, beyond: float = 0.0) -> Tensor:
    """n codes on the straight line through z0 (k,) and z1 (k,): (n, k), z_t = (1 − t) z0 + t z1.

    t runs from 0 to 1, both included; with `beyond` from −beyond to 1 + beyond, and the walk extrapolates at both ends.
    """
    t = torch.linspace(-beyond, 1 + beyond, n, dtype=z0.dtype, device=z0.device)[:, None]
    return (1 - t) * z0 + t * z1


def analogy(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """The code d of "a is to b as c is to d": d = c + (b − a), the fourth corner of a parallelogram. Any shapes that add up."""
    return c + (b - a)


def grid(low: Tensor, high: Tensor, n: int) -> Tensor:
    """n × n codes over the rectangle from low (2,) to high (2,), row by row from the top: (n², 2), as a picture is read."""
    across, up = (torch.linspace(float(a), float(b), n, device=low.device) for a, b in zip(low, high, strict=True))
    return torch.stack([across.repeat(n), up.flip(0).repeat_interleave(n)], dim=1)

"""Walks in latent space: pure functions of codes."""

import torch
from torch import Tensor


def interpolate(z0: Tensor, z1: Tensor, n: int) -> Tensor:
    """n codes on the straight line from z0 (k,) to z1 (k,), both ends included: (n, k), z_t = (1 − t) z0 + t z1."""
    t = torch.linspace(0, 1, n, dtype=z0.dtype, device=z0.device)[:, None]
    return (1 - t) * z0 + t * z1


def grid(low: Tensor, high: Tensor, n: int) -> Tensor:
    """n × n codes over the rectangle from low (2,) to high (2,), row by row from the top: (n², 2), as a picture is read."""
    across, up = (torch.linspace(float(a), float(b), n, device=low.device) for a, b in zip(low, high, strict=True))
    return torch.stack([across.repeat(n), up.flip(0).repeat_interleave(n)], dim=1)

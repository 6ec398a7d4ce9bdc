"""Walks in latent space: pure functions of codes."""

import torch
from torch import Tensor


def interpolate(z0: Tensor, z1: Tensor, n: int) -> Tensor:
    """n codes on the straight line from z0 (k,) to z1 (k,), both ends included: (n, k), z_t = (1 − t) z0 + t z1."""
    t = torch.linspace(0, 1, n, dtype=z0.dtype, device=z0.device)[:, None]
    return (1 - t) * z0 + t * z1

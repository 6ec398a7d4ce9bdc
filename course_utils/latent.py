"""Paths and grids in latent space: functions of latent codes and of a decoder."""

from collections.abc import Callable

import torch
from torch import Tensor


def interpolate(z0: Tensor, z1: Tensor, n: int, *, beyond: float = 0.0) -> Tensor:
    """Return n codes on the straight line through two codes, z_t = (1 − t) z0 + t z1.

    Args:
        z0: the code at t = 0, (k,).
        z1: the code at t = 1, (k,).
        n: number of codes, evenly spaced, both ends included.
        beyond: how far the line extends past both ends: t runs from −beyond to 1 + beyond.

    Returns:
        Codes (n, k).
    """
    t = torch.linspace(-beyond, 1 + beyond, n, dtype=z0.dtype, device=z0.device)[:, None]
    return (1 - t) * z0 + t * z1


def arc(z0: Tensor, z1: Tensor, n: int) -> Tensor:
    """Return n codes on the arc between two codes: spherical interpolation (Shoemake 1985).

    Args:
        z0: the code at t = 0, (k,).
        z1: the code at t = 1, (k,), not parallel to z0.
        n: number of codes, evenly spaced, both ends included.

    Returns:
        Codes (n, k); all have the length of z0 and z1, if these have the same.
    """
    omega = 2 * torch.atan2(*((z0 / z0.norm() + s * z1 / z1.norm()).norm() for s in (-1, 1)))
    t = torch.linspace(0, 1, n, dtype=z0.dtype, device=z0.device)[:, None]
    away, near = torch.sin((1 - t) * omega), torch.sin(t * omega)
    return (away * z0 + near * z1) / torch.sin(omega)


def analogy(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """Return the code d for which "a is to b as c is to d": d = c + (b − a).

    With a, b and c it is the fourth corner of a parallelogram. Shapes that broadcast are allowed.
    """
    return c + (b - a)


def grid(low: Tensor, high: Tensor, n: int) -> Tensor:
    """Return n × n codes that cover a rectangle of the plane evenly.

    Args:
        low: the lower left corner, (2,).
        high: the upper right corner, (2,).
        n: codes along each side.

    Returns:
        Codes (n², 2), row by row from the top, as an image is read.
    """
    across, up = (
        torch.linspace(float(a), float(b), n, device=low.device)
        for a, b in zip(low, high, strict=True)
    )
    return torch.stack([across.repeat(n), up.flip(0).repeat_interleave(n)], dim=1)


def normal_grid(n: int) -> Tensor:
    """Return n × n codes that each represent an equal share of N(0, I) in the plane.

    Along each axis, N(0, 1) is cut into n slices of equal probability, and each code lies at the
    median of its slices.

    Args:
        n: codes along each side.

    Returns:
        Codes (n², 2), row by row from the top.
    """
    side = torch.special.ndtri((torch.arange(n, dtype=torch.float64) + 0.5) / n).float()
    return torch.stack([side.repeat(n), side.flip(0).repeat_interleave(n)], dim=1)


def corner_grid(corners: Tensor, n: int) -> Tensor:
    """Return n × n codes that mix four codes, which lie at the corners of the grid.

    A mixture is Σ wᵢ zᵢ / ‖w‖ with bilinear weights w. Thanks to the division by ‖w‖, a mixture of
    draws from N(0, I) has that same distribution; a plain average would lie closer to the origin.

    Args:
        corners: the four codes (4, k): top left, top right, bottom left, bottom right.
        n: codes along each side, at least 2.

    Returns:
        Codes (n², k), row by row from the top.

    Raises:
        ValueError: where there are not four corners, or n is below 2.
    """
    if corners.shape[:-1] != (4,) or n < 2:
        raise ValueError(
            f"expected four codes of shape (4, k) and n of at least 2, got {tuple(corners.shape)}"
            f" and {n}"
        )
    down, right = torch.cartesian_prod(
        *[torch.linspace(0, 1, n, dtype=corners.dtype, device=corners.device)] * 2
    ).T
    w = torch.stack(
        [(1 - down) * (1 - right), (1 - down) * right, down * (1 - right), down * right], dim=1
    )
    return w / w.norm(dim=1, keepdim=True) @ corners


def transfer(decode: Callable[[Tensor, Tensor], Tensor], z: Tensor, n_classes: int = 10) -> Tensor:
    """Decode every code under every label.

    Args:
        decode: codes (B, k) and labels (B,) → images (B, 1, 28, 28).
        z: codes (N, k).
        n_classes: number of labels.

    Returns:
        Images (N, n_classes, 1, 28, 28).
    """
    y = torch.arange(n_classes, device=z.device).repeat(len(z))
    return decode(z.repeat_interleave(n_classes, dim=0), y).unflatten(0, (len(z), n_classes))

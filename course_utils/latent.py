"""Walks in latent space: pure functions of codes and of `decode`."""

from collections.abc import Callable

import torch
from torch import Tensor


def interpolate(z0: Tensor, z1: Tensor, n: int, *, beyond: float = 0.0) -> Tensor:
    """n codes on the straight line through z0 (k,) and z1 (k,): (n, k), z_t = (1 − t) z0 + t z1.

    t runs from 0 to 1, both included; with `beyond` from −beyond to 1 + beyond, and the walk
    extrapolates at both ends.
    """
    t = torch.linspace(-beyond, 1 + beyond, n, dtype=z0.dtype, device=z0.device)[:, None]
    return (1 - t) * z0 + t * z1


def arc(z0: Tensor, z1: Tensor, n: int) -> Tensor:
    """Codes on the arc from z0 to z1, by spherical interpolation (Shoemake 1985).

    Args:
        z0, z1: (k,), not parallel.
        n: how many; t runs from 0 to 1, both included.

    Returns:
        (n, k): with codes of one length, all have that length.
    """
    omega = 2 * torch.atan2(*((z0 / z0.norm() + s * z1 / z1.norm()).norm() for s in (-1, 1)))
    t = torch.linspace(0, 1, n, dtype=z0.dtype, device=z0.device)[:, None]
    return (torch.sin((1 - t) * omega) * z0 + torch.sin(t * omega) * z1) / torch.sin(omega)


def analogy(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
    """The code d of "a is to b as c is to d": d = c + (b − a), the fourth corner of a
    parallelogram. Any shapes that add up.
    """
    return c + (b - a)


def grid(low: Tensor, high: Tensor, n: int) -> Tensor:
    """n × n codes over the rectangle from low (2,) to high (2,), row by row from the top: (n², 2),
    as a picture is read.
    """
    across, up = (
        torch.linspace(float(a), float(b), n, device=low.device)
        for a, b in zip(low, high, strict=True)
    )
    return torch.stack([across.repeat(n), up.flip(0).repeat_interleave(n)], dim=1)


def normal_grid(n: int) -> Tensor:
    """n × n codes that each stand for an equal share of draws from N(0, I): (n², 2), row by row
    from the top.

    Along each side N(0, 1) is cut into n slices of equal probability; a code stands at the median
    of its slices.
    """
    side = torch.special.ndtri((torch.arange(n, dtype=torch.float64) + 0.5) / n).float()
    return torch.stack([side.repeat(n), side.flip(0).repeat_interleave(n)], dim=1)


def sheet(corners: Tensor, n: int) -> Tensor:
    """Four codes (4, k) → n × n codes (n², k), row by row: the corners, and in between mixtures Σ
    wᵢ zᵢ / ‖w‖ of them.

    The weights w are bilinear. Divided by their norm, mixtures of draws from N(0, I) are again such
    draws, and not shorter.
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
    """Every code z (N, k) decoded under every label: (N, n_classes, 1, 28, 28). decode: (z, y) →
    pictures.
    """
    y = torch.arange(n_classes, device=z.device).repeat(len(z))
    return decode(z.repeat_interleave(n_classes, dim=0), y).unflatten(0, (len(z), n_classes))

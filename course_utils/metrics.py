"""Numbers for claims. A metric gets callables and tensors, never a model it knows."""

import math
from collections.abc import Callable, Iterator
from itertools import islice

import torch
import torch.nn.functional as F
from torch import Tensor

from course_utils.models import reparameterize


@torch.no_grad()
def average(f: Callable[[Tensor], Tensor], x: Tensor, *, batch: int = 1000) -> float:
    """Mean over all images x (N, …) of f(x), computed in pieces.

    f gives one value per image (B,), or their mean.
    """
    return sum(f(piece).mean().item() * len(piece) for piece in x.split(batch)) / len(x)


@torch.no_grad()
def accuracy(
    predict: Callable[[Tensor], Tensor], x: Tensor, y: Tensor, *, batch: int = 1000
) -> float:
    """Share of x (N, …) whose largest logit, `predict(x)` (B, classes), is at the label y (N,)."""
    hits = sum(
        (predict(xs).argmax(dim=1) == ys).sum().item()
        for xs, ys in zip(x.split(batch), y.split(batch), strict=True)
    )
    return hits / len(x)


@torch.no_grad()
def iw_bound(
    log_weights: Callable[[Tensor], Iterator[Tensor]], x: Tensor, *, samples: int, batch: int = 500
) -> Tensor:
    """Importance-weighted bound on log p(x) in nats, one for each image x (N, …): (N,) (Burda et
    al. 2016, eq. 8).

    log 1/K Σ_k p(x, z_k) / q(z_k|x) with K = `samples` codes z_k ~ q(z|x). K = 1 is the ELBO. Its
    expectation grows with K and stays below log p(x); a single estimate may lie above.
    log_weights: takes images (B, …) and yields log p(x, z) − log q(z|x) (B,) for one fresh code per
    image, again and again.
    """
    if samples < 1:
        raise ValueError(f"the bound needs at least one code per image, got samples = {samples}")
    bounds = []
    for piece in x.split(batch):
        total = None
        for weight in islice(log_weights(piece), samples):
            total = weight if total is None else torch.logaddexp(total, weight)
        bounds.append(total - math.log(samples))
    return torch.cat(bounds)


def log_weights(
    encode: Callable[[Tensor], tuple[Tensor, Tensor]],
    logits: Callable[[Tensor], Tensor],
    *,
    generator: torch.Generator | None = None,
) -> Callable[[Tensor], Iterator[Tensor]]:
    """The log weights that `iw_bound` asks for, of a VAE with z ~ N(0, I) and black and white
    pixels.

    encode: x (B, …) → μ and log σ² of q(z|x), (B, k) each. logits: z (B, k) → logits (B, …) of the
    pixels of x. Every weight is log p(x|z) + log p(z) − log q(z|x) in nats, for one fresh z.
    """

    def draws(x: Tensor) -> Iterator[Tensor]:
        mu, log_var = encode(x)
        while True:
            eps = torch.randn(mu.shape, dtype=mu.dtype, device=mu.device, generator=generator)
            z = reparameterize(mu, log_var, eps)
            log_px = (
                -F.binary_cross_entropy_with_logits(logits(z), x, reduction="none")
                .flatten(1)
                .sum(dim=1)
            )
            # log p(z) − log q(z|x): the 2π cancel.
            yield log_px + 0.5 * (eps**2 + log_var - z**2).sum(dim=1)

    return draws


def frechet(a: Tensor, b: Tensor) -> float:
    """Fréchet distance between two sets of features (N, d) and (M, d), as if both were Gaussian
    (Heusel et al. 2017, eq. 6).

    ‖μ_a − μ_b‖² + tr(Σ_a + Σ_b − 2 (Σ_a Σ_b)^½). Features must come from one and the same network,
    and the sets be of one size: small ones look farther apart than they are.
    """
    if min(len(a), len(b)) < 2 or a.shape[1:] != b.shape[1:]:
        raise ValueError(
            f"expected two sets of at least 2 features of one length, got {tuple(a.shape)} and"
            f" {tuple(b.shape)}"
        )
    a, b = (features.flatten(1).to("cpu", torch.float64) for features in (a, b))
    cov_a, cov_b = (torch.atleast_2d(features.T.cov()) for features in (a, b))
    values, vectors = torch.linalg.eigh(cov_a)
    root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    mixed = torch.linalg.eigvalsh(root @ cov_b @ root).clamp_min(0).sqrt().sum()  # tr (Σ_a Σ_b)^½
    return (
        ((a.mean(dim=0) - b.mean(dim=0)) ** 2)
        .sum()
        .add(cov_a.trace() + cov_b.trace() - 2 * mixed)
        .item()
    )


def nearest(x: Tensor, among: Tensor, *, batch: int = 500) -> Tensor:
    """Euclidean distance of every row of x (N, …) to the nearest row of `among` (M, …): (N,)."""
    among = among.flatten(1)
    return torch.cat([torch.cdist(part, among).amin(dim=1) for part in x.flatten(1).split(batch)])


def radii(real: Tensor, k: int = 5, *, batch: int = 500) -> Tensor:
    """Distance of every real picture's features (N, d) to its k-th nearest neighbour among the
    others: (N,).
    """
    if not 1 <= k < len(real):
        raise ValueError(
            f"a k-th neighbour needs 1 ≤ k < {len(real)}, the number of real pictures; got k = {k}"
        )
    return torch.cat(
        [torch.cdist(part, real).kthvalue(k + 1, dim=1).values for part in real.split(batch)]
    )


def density_coverage(
    real: Tensor, generated: Tensor, radius: Tensor, k: int = 5, *, batch: int = 500
) -> tuple[float, float]:
    """Density and coverage of made pictures' features (M, d) among real ones (N, d) (Naeem et al.
    2020, eqs. 3 and 4).

    Around every real picture lies the ball that reaches to its k-th neighbour: radius =
    `radii(real, k)`. Density: how many balls a made picture lies in on average, divided by k.
    Coverage: the share of balls with a made picture in them. Where made pictures are drawn like
    real ones, density is 1 and coverage, with as many of them, near 1 − 2⁻ᵏ.
    """
    inside, covered = 0.0, torch.zeros(len(real), dtype=torch.bool, device=real.device)
    for part in generated.split(batch):
        within = torch.cdist(part, real) < radius
        inside += within.sum().item()
        covered |= within.any(dim=0)
    return inside / (k * len(generated)), covered.float().mean().item()


def modes(samples: Tensor, centres: Tensor, radius: float) -> tuple[int, float]:
    """How many modes are found, and the share of good samples. samples (N, d), centres (m, d).

    A sample is good if it is closer than `radius` to its nearest centre; a mode is found if at
    least one in a hundred of all samples is good and nearest to it (after Srivastava et al. 2017,
    who ask for a single one).
    """
    distance, nearest = torch.cdist(samples, centres).min(dim=1)
    good = distance < radius
    found = (nearest[good].bincount(minlength=len(centres)) >= 0.01 * len(samples)).sum()
    return int(found), good.float().mean().item()


def active(mu: Tensor) -> int:
    """How many units of a code are active, from the encoder's means mu (N, k): variance over the
    data above 0.01.

    Burda et al. 2016, section 5.2.
    """
    return int((mu.var(dim=0) > 0.01).sum())


def slant(x: Tensor) -> Tensor:
    """How far strokes lean, of images (N, 1, 28, 28) with ink in [0, 1]: (N,), pixels to the right
    per pixel upwards.

    The shear that leaves no correlation between the ink's rows and columns: −Σ ink·δr·δc / Σ
    ink·δr², with offsets δ from the centre of the ink and rows r counted downwards (Castro et al.
    2019). 0 for an empty sheet.
    """
    ink = x.flatten(1, -3).sum(dim=1)  # (N, 28, 28)
    mass = ink.sum(dim=(1, 2)).clamp_min(1e-12)
    place = torch.arange(28, dtype=x.dtype, device=x.device)
    r = place[:, None] - ((ink.sum(dim=2) @ place) / mass)[:, None, None]  # (N, 28, 1)
    c = place - ((ink.sum(dim=1) @ place) / mass)[:, None, None]  # (N, 1, 28)
    return -(ink * r * c).sum(dim=(1, 2)) / (ink * r**2).sum(dim=(1, 2)).clamp_min(1e-12)


def thickness(x: Tensor) -> Tensor:
    """Width of the strokes of images (N, 1, 28, 28) with ink in [0, 1], in pixels: (N,). 0 for an
    empty sheet.

    A stroke of width w and length L ≫ w has w·L of ink and an outline of about 2L; the outline's
    length is the total variation Σ |∇ink| (coarea formula), so w ≈ 2 Σ ink / Σ |∇ink|.
    """
    ink = F.pad(x.flatten(1, -3).sum(dim=1), (1, 1, 1, 1))
    a, b, c, d = ink[:, :-1, :-1], ink[:, :-1, 1:], ink[:, 1:, :-1], ink[:, 1:, 1:]
    outline = (((a - d) ** 2 + (b - c) ** 2) / 2).sqrt().sum(dim=(1, 2))  # along both diagonals
    return 2 * ink.sum(dim=(1, 2)) / outline.clamp_min(1e-12)


def gradient_energy(x: Tensor) -> Tensor:
    """Σ |∇x|² of images (N, 1, 28, 28): squared differences of neighbouring pixels, in both
    directions: (N,).

    Blur takes it away first, as it does all that changes from pixel to pixel.
    """
    if not x.is_floating_point():
        raise TypeError(
            f"expected images in [0, 1], got {x.dtype}; divide pixels of 0 to 255 by 255"
        )
    down, right = x[..., 1:, :] - x[..., :-1, :], x[..., :, 1:] - x[..., :, :-1]
    return (down**2).flatten(1).sum(dim=1) + (right**2).flatten(1).sum(dim=1)

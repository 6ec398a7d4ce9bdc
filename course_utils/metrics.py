"""Metrics behind the lessons' claims. They take functions and tensors, and know no model."""

import math
from collections.abc import Callable, Iterator
from itertools import islice

import torch
import torch.nn.functional as F
from torch import Tensor

from course_utils import data
from course_utils.models import reparameterize


@torch.no_grad()
def average(f: Callable[[Tensor], Tensor], x: Tensor, *, batch_size: int = 1000) -> float:
    """Return the mean of f over all images, computed in batches.

    Args:
        f: images (B, …) → one value per image (B,), or the mean of these.
        x: images (N, …).
        batch_size: images that f gets at a time.
    """
    return sum(f(piece).mean().item() * len(piece) for piece in x.split(batch_size)) / len(x)


@torch.no_grad()
def accuracy(
    predict: Callable[[Tensor], Tensor], x: Tensor, y: Tensor, *, batch_size: int = 1000
) -> float:
    """Return the share of images whose largest logit is that of their label.

    Args:
        predict: images (B, …) → logits (B, classes).
        x: images (N, …).
        y: labels (N,).
        batch_size: images that `predict` gets at a time.
    """
    hits = sum(
        (predict(xs).argmax(dim=1) == ys).sum().item()
        for xs, ys in zip(x.split(batch_size), y.split(batch_size), strict=True)
    )
    return hits / len(x)


@torch.no_grad()
def iw_bound(
    log_weights: Callable[[Tensor], Iterator[Tensor]],
    x: Tensor,
    *,
    samples: int,
    batch_size: int = 500,
) -> Tensor:
    """Estimate the importance-weighted bound on log p(x) for every image.

    log 1/K Σ_k p(x, z_k) / q(z_k|x) with K codes z_k ~ q(z|x). For K = 1 it is the ELBO. Its
    expectation grows with K and never exceeds log p(x); a single estimate may lie above.

    Args:
        log_weights: images (B, …) → an iterator that yields log p(x, z) − log q(z|x), (B,), for one
            fresh code z per image each time. The function `log_weights` builds one for a VAE.
        x: images (N, …).
        samples: K, the number of codes per image.
        batch_size: images that `log_weights` gets at a time.

    Returns:
        The bound in nats, (N,).

    Raises:
        ValueError: where `samples` is below 1.

    Source: Burda et al. 2016, eq. 8.
    """
    if samples < 1:
        raise ValueError(f"the bound needs at least one code per image, got samples = {samples}")
    bounds = []
    for piece in x.split(batch_size):
        total = None  # log Σ exp of the weights so far: only one weight per image is kept
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
    """Return the log importance weights that `iw_bound` takes, for a VAE.

    The VAE has the prior z ~ N(0, I) and Bernoulli pixels: images are black and white.

    Args:
        encode: images (B, …) → μ and log σ² of q(z|x), (B, k) each.
        logits: codes (B, k) → logits of the pixels, (B, …) as the images.
        generator: for the noise in z; default: PyTorch's global one.

    Returns:
        A function from images (B, …) to an endless iterator. Each item is
        log p(x|z) + log p(z) − log q(z|x) in nats, (B,), for one fresh code z per image.
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
    """Return the Fréchet distance of two sets of features, each taken as Gaussian.

    ‖μ_a − μ_b‖² + tr(Σ_a + Σ_b − 2 (Σ_a Σ_b)^½). Distances are comparable only if the features come
    from the same network and all sets have the same size: small sets look farther apart.

    Args:
        a: features (N, d).
        b: features (M, d).

    Raises:
        ValueError: where a set has fewer than 2 features, or their lengths differ.

    Source: Heusel et al. 2017, eq. 6.
    """
    if min(len(a), len(b)) < 2 or a.shape[1:] != b.shape[1:]:
        raise ValueError(
            f"expected two sets of at least 2 features of one length, got {tuple(a.shape)} and"
            f" {tuple(b.shape)}"
        )
    # Small eigenvalues need double precision, which not every device has.
    a, b = (features.flatten(1).to("cpu", torch.float64) for features in (a, b))
    cov_a, cov_b = (torch.atleast_2d(features.T.cov()) for features in (a, b))
    # Σ_a Σ_b is not symmetric; Σ_a^½ Σ_b Σ_a^½ is, and has the same eigenvalues. Rounding makes
    # some that are 0 slightly negative.
    values, vectors = torch.linalg.eigh(cov_a)
    root = (vectors * values.clamp_min(0).sqrt()) @ vectors.T
    mixed = torch.linalg.eigvalsh(root @ cov_b @ root).clamp_min(0).sqrt().sum()  # tr (Σ_a Σ_b)^½
    return (
        ((a.mean(dim=0) - b.mean(dim=0)) ** 2)
        .sum()
        .add(cov_a.trace() + cov_b.trace() - 2 * mixed)
        .item()
    )


def nearest(x: Tensor, among: Tensor, *, batch_size: int = 500) -> Tensor:
    """Return the Euclidean distance of every row of x to its nearest row of `among`.

    Args:
        x: (N, …).
        among: (M, …).
        batch_size: rows of x compared at a time.

    Returns:
        Distances (N,).
    """
    among = among.flatten(1)
    return data.in_batches(
        lambda part: torch.cdist(part, among).amin(dim=1), x.flatten(1), batch_size=batch_size
    )


def radii(real: Tensor, k: int = 5, *, batch_size: int = 500) -> Tensor:
    """Return the distance of every real image to its k-th nearest neighbour, in features.

    Args:
        real: features of real images (N, d).
        k: which neighbour; the image itself does not count.
        batch_size: images compared at a time.

    Returns:
        Distances (N,).

    Raises:
        ValueError: where there are not k other images.
    """
    if not 1 <= k < len(real):
        raise ValueError(
            f"a k-th neighbour needs 1 ≤ k < {len(real)}, the number of real images; got k = {k}"
        )
    # k + 1: the smallest distance, 0, is that of an image to itself.
    return data.in_batches(
        lambda part: torch.cdist(part, real).kthvalue(k + 1, dim=1).values,
        real,
        batch_size=batch_size,
    )


def density_coverage(
    real: Tensor, generated: Tensor, radius: Tensor, k: int = 5, *, batch_size: int = 500
) -> tuple[float, float]:
    """Return density and coverage of generated images among real ones, in features.

    Around every real image lies a ball that reaches to its k-th nearest neighbour. Density is the
    mean number of balls that a generated image lies in, divided by k. Coverage is the share of
    balls with a generated image in them. If generated images have the distribution of the real
    ones, density is 1, and coverage is near 1 − 2⁻ᵏ with as many generated images as real ones.

    Args:
        real: features of real images (N, d).
        generated: features of generated images (M, d).
        radius: radius of each ball (N,), from `radii(real, k)`.
        k: as in `radii`.
        batch_size: generated images compared at a time.

    Source: Naeem et al. 2020, eqs. 3 and 4.
    """
    inside, covered = 0.0, torch.zeros(len(real), dtype=torch.bool, device=real.device)
    for part in generated.split(batch_size):
        within = torch.cdist(part, real) < radius
        inside += within.sum().item()
        covered |= within.any(dim=0)
    return inside / (k * len(generated)), covered.float().mean().item()


def modes(samples: Tensor, centres: Tensor, radius: float) -> tuple[int, float]:
    """Return how many modes the samples cover, and the share of good samples.

    A sample is good if it is closer than `radius` to its nearest centre. A mode is covered if at
    least one in a hundred of all samples is good and nearest to it.

    Args:
        samples: (N, d).
        centres: the true modes (m, d).
        radius: a distance.

    Source: after Srivastava et al. 2017, who require a single good sample per mode.
    """
    distance, nearest = torch.cdist(samples, centres).min(dim=1)
    good = distance < radius
    found = (nearest[good].bincount(minlength=len(centres)) >= 0.01 * len(samples)).sum()
    return int(found), good.float().mean().item()


def active(mu: Tensor) -> int:
    """Return the number of active units of a code: those whose mean varies with the image.

    A unit is active if the variance of its mean over the data is above 0.01.

    Args:
        mu: the encoder's means (N, k).

    Source: Burda et al. 2016, section 5.2.
    """
    return int((mu.var(dim=0) > 0.01).sum())


def slant(x: Tensor) -> Tensor:
    """Return how far the strokes of each image lean to the right.

    It is the shear after which the rows and columns of the ink are uncorrelated:
    −Σ ink·δr·δc / Σ ink·δr², with offsets δ from the centre of the ink, rows r counted downwards.

    Args:
        x: images (N, 1, 28, 28) in [0, 1], where 1 is ink.

    Returns:
        Pixels to the right per pixel upwards, (N,); 0 for an empty image.

    Source: Castro et al. 2019.
    """
    ink = x.flatten(1, -3).sum(dim=1)  # (N, 28, 28)
    mass = ink.sum(dim=(1, 2)).clamp_min(1e-12)  # an empty image gives 0, not 0 / 0
    place = torch.arange(28, dtype=x.dtype, device=x.device)
    r = place[:, None] - ((ink.sum(dim=2) @ place) / mass)[:, None, None]  # (N, 28, 1)
    c = place - ((ink.sum(dim=1) @ place) / mass)[:, None, None]  # (N, 1, 28)
    return -(ink * r * c).sum(dim=(1, 2)) / (ink * r**2).sum(dim=(1, 2)).clamp_min(1e-12)


def thickness(x: Tensor) -> Tensor:
    """Return the width of the strokes of each image.

    A stroke of width w and length L ≫ w has w·L of ink and an outline of length 2L. The length of
    the outline is the total variation Σ |∇ink| (coarea formula), so w ≈ 2 Σ ink / Σ |∇ink|.

    Args:
        x: images (N, 1, 28, 28) in [0, 1], where 1 is ink.

    Returns:
        Widths in pixels, (N,); 0 for an empty image.
    """
    ink = F.pad(x.flatten(1, -3).sum(dim=1), (1, 1, 1, 1))
    a, b, c, d = ink[:, :-1, :-1], ink[:, :-1, 1:], ink[:, 1:, :-1], ink[:, 1:, 1:]
    outline = (((a - d) ** 2 + (b - c) ** 2) / 2).sqrt().sum(dim=(1, 2))  # along both diagonals
    return 2 * ink.sum(dim=(1, 2)) / outline.clamp_min(1e-12)


def gradient_energy(x: Tensor) -> Tensor:
    """Return the gradient energy Σ |∇x|² of each image.

    It sums the squared differences of neighbouring pixels in both directions. A blurred image has
    less of it than a sharp one.

    Args:
        x: images (N, 1, 28, 28) in [0, 1].

    Returns:
        Energies (N,).

    Raises:
        TypeError: for pixels that are whole numbers.
    """
    if not x.is_floating_point():
        raise TypeError(
            f"expected images in [0, 1], got {x.dtype}; divide pixels of 0 to 255 by 255"
        )
    down, right = x[..., 1:, :] - x[..., :-1, :], x[..., :, 1:] - x[..., :, :-1]
    return (down**2).flatten(1).sum(dim=1) + (right**2).flatten(1).sum(dim=1)

"""Numbers for claims. A metric gets callables and tensors, never a model it knows."""

import json
import math
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from course_utils.models import reparameterize

RANGES = json.loads((Path(__file__).parent / "expected.json").read_text(encoding="utf-8"))


@torch.no_grad()
def average(f: Callable[[Tensor], Tensor], x: Tensor, *, batch: int = 1000) -> float:
    """Mean over all images x (N, …) of f(x), computed in pieces. f gives one value per image (B,), or their mean."""
    return sum(f(piece).mean().item() * len(piece) for piece in x.split(batch)) / len(x)


@torch.no_grad()
def accuracy(predict: Callable[[Tensor], Tensor], x: Tensor, y: Tensor, *, batch: int = 1000) -> float:
    """Share of x (N, …) whose largest logit, `predict(x)` (B, classes), is at the label y (N,)."""
    hits = sum((predict(xs).argmax(dim=1) == ys).sum().item() for xs, ys in zip(x.split(batch), y.split(batch), strict=True))
    return hits / len(x)


@torch.no_grad()
def iw_bound(log_weights: Callable[[Tensor], Iterator[Tensor]], x: Tensor, *, samples: int, batch: int = 500) -> Tensor:
    """Importance-weighted bound on log p(x) in nats, one for each image x (N, …): (N,) (Burda et al. 2016, eq. 8).

    log 1/K Σ_k p(x, z_k) / q(z_k|x) with K = `samples` codes z_k ~ q(z|x). K = 1 is the ELBO. Its expectation grows with K
    and stays below log p(x); a single estimate may lie above.
    log_weights: takes images (B, …) and yields log p(x, z) − log q(z|x) (B,) for one fresh code per image, again and again.
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
    """The log weights that `iw_bound` asks for, of a VAE with z ~ N(0, I) and black and white pixels.

    encode: x (B, …) → μ and log σ² of q(z|x), (B, k) each. logits: z (B, k) → logits (B, …) of the pixels of x.
    Every weight is log p(x|z) + log p(z) − log q(z|x) in nats, for one fresh z.
    """

    def draws(x: Tensor) -> Iterator[Tensor]:
        mu, log_var = encode(x)
        while True:
            eps = torch.randn(mu.shape, dtype=mu.dtype, device=mu.device, generator=generator)
            z = reparameterize(mu, log_var, eps)
            log_px = -F.binary_cross_entropy_with_logits(logits(z), x, reduction="none").flatten(1).sum(dim=1)
            yield log_px + 0.5 * (eps**2 + log_var - z**2).sum(dim=1)  # log p(z) − log q(z|x): the 2π cancel

    return draws


def expect(claim: str, value: float, dataset: str) -> None:
    """Say what was measured beside what is expected on this data set; AssertionError outside the range.

    The ranges stand in `expected.json`, per data set; on a set without one the measured value is printed alone.
    """
    if not any(claim in ranges for ranges in RANGES.values()):
        raise KeyError(f"no range for {claim!r} in expected.json, on any data set")
    low, high = RANGES.get(dataset, {}).get(claim, (None, None))
    if low is None:
        print(f"{claim}: {value:.4g} (no range is known for {dataset})")
        return
    print(f"{claim}: {value:.4g}, expected {low} to {high} on {dataset}")
    assert low <= value <= high, f"{claim}: {value:.4g} is outside {low} to {high}, the range on {dataset}"

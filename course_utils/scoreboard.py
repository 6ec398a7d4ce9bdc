"""The scoreboard: one way to measure every model, whatever it can do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from course_utils.data import Images
from course_utils.metrics import density_coverage, frechet, gradient_energy, nearest, radii
from course_utils.objectives import squared_error


@dataclass(frozen=True)
class Real:
    """The real pictures that `score` compares with, and what it needs of them, computed once.

    train, test: on one device. features, read: of a classifier, pictures (B, 1, 28, 28) → (B, d)
    and (B, d) → logits; without them, what takes a classifier is left out.
    """

    train: Images
    test: Images
    features: Callable[[Tensor], Tensor] | None = None
    read: Callable[[Tensor], Tensor] | None = None

    @torch.no_grad()
    def seen(self, x: Tensor) -> Tensor:
        """Features (N, d) of pictures, computed in pieces."""
        return torch.cat([self.features(part) for part in x.split(500)])

    @cached_property
    def h(self) -> Tensor:
        return self.seen(self.test.x)

    @cached_property
    def radius(self) -> Tensor:
        return radii(self.h)

    @cached_property
    def energy(self) -> float:
        return gradient_energy(self.test.x).mean().item()

    def again(self, y: Tensor, *, generator: torch.Generator) -> Tensor:
        """A training picture for every label y (B,), drawn at random with replacement: (B, 1, 28,
        28).
        """
        counts, order = self.train.y.bincount(minlength=10), self.train.y.argsort()
        place = (torch.rand(len(y), generator=generator).to(y.device) * counts[y]).long()
        return self.train.pixels[order[counts.cumsum(0)[y] - counts[y] + place]] / 255

    def itself(self, *, max_items: int = 1000) -> dict[str, float]:
        """What the test pictures themselves get, where that says something: "as asked" and
        "nearest" of `score`.
        """
        found = {"nearest": nearest(self.test.x[:max_items], self.train.x).median().item()}
        if self.features is not None:
            found["as asked"] = (
                (self.read(self.h).argmax(dim=1) == self.test.y).float().mean().item()
            )
        return found


# A third of it is the docstring: every number of the scoreboard is explained there.
@torch.no_grad()
def score(
    real: Real,
    sample: Callable[[Tensor], Tensor],
    *,
    conditional: bool = False,
    reconstruct: Callable[[Tensor, Tensor], Tensor] | None = None,
    bound: Callable[[Tensor, Tensor], Tensor] | None = None,
    max_items: int = 1000,
) -> dict[str, float]:
    """Every number of the scoreboard that the model's callables allow, and no other.

    sample: labels y (B,) → images (B, 1, 28, 28); called for all labels of the test images.
    conditional: whether `sample` takes its labels into account.
    reconstruct: images and their labels → their reconstructions.
    bound: binarised images and their labels → a bound on their log-likelihood in nats (B,).
    max_items: test images for which reconstructions, bounds and nearest neighbours are computed.

    "bound": mean, in nats. "frechet": Fréchet distance of as many samples as test images, in the
    classifier's features. "density", "coverage": see `density_coverage`. "as asked": label
    accuracy, the share of samples that the classifier reads as their label. "energy": gradient
    energy of samples over that of test images; "copy energy": the same of reconstructions. "copy
    error", "copy distance": squared distance of reconstructions to their originals, in pixels and
    in features. "nearest": median distance of samples to the nearest training image (pixels).
    """
    x, y = real.test.x[:max_items], real.test.y[:max_items]
    generated = torch.cat([sample(part) for part in real.test.y.split(500)])
    found = {}
    if bound is not None:
        binary = torch.bernoulli(x, generator=torch.Generator(x.device).manual_seed(0))
        parts = zip(binary.split(100), y.split(100), strict=True)
        found["bound"] = torch.cat([bound(*part) for part in parts]).mean().item()
    if real.features is not None:
        h = real.seen(generated)
        found["frechet"] = frechet(h, real.h)
        found["density"], found["coverage"] = density_coverage(real.h, h, real.radius)
        if conditional:
            found["as asked"] = (real.read(h).argmax(dim=1) == real.test.y).float().mean().item()
    found["energy"] = gradient_energy(generated).mean().item() / real.energy
    found["nearest"] = nearest(generated[:max_items], real.train.x).median().item()
    if reconstruct is not None:
        x_hat = torch.cat(
            [reconstruct(*part) for part in zip(x.split(500), y.split(500), strict=True)]
        )
        found["copy energy"] = (gradient_energy(x_hat).mean() / gradient_energy(x).mean()).item()
        found["copy error"] = squared_error(x_hat, x).item()
        if real.features is not None:
            found["copy distance"] = squared_error(real.seen(x_hat), real.h[:max_items]).item()
    return found


# All other numbers ".2f".
FORMATS = {
    "parameters": ",.0f",
    "seconds": ".0f",
    "bound": ".1f",
    "as asked": ".1%",
}


def table(rows: Mapping[str, Mapping[str, float]], *columns: str) -> str:
    """Named rows of numbers as text, under these columns; "–" where a row has no such number."""

    def cell(row: Mapping[str, float], column: str) -> str:
        return format(row[column], FORMATS.get(column, ".2f")) if column in row else "–"

    lines = [
        ["", *columns],
        *([name, *(cell(row, column) for column in columns)] for name, row in rows.items()),
    ]
    first, *widths = (max(map(len, column)) for column in zip(*lines, strict=True))
    return "\n".join(
        "  ".join(
            [
                name.ljust(first),
                *(text.rjust(width) for text, width in zip(texts, widths, strict=True)),
            ]
        )
        for name, *texts in lines
    )

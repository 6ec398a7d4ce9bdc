"""The scoreboard: it measures every model in the same way, by whatever the model can do."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from course_utils import data
from course_utils.data import Images
from course_utils.metrics import density_coverage, frechet, gradient_energy, nearest, radii
from course_utils.objectives import squared_error


@dataclass(frozen=True)
class Real:
    """The real images that `score` compares with, and their statistics, computed once.

    Attributes:
        train: training images.
        test: test images, on the same device.
        features: of a classifier: images (B, 1, 28, 28) → features (B, d). Without `features` and
            `read`, `score` leaves out all metrics that need a classifier.
        read: of the same classifier: features (B, d) → logits (B, 10).
    """

    train: Images
    test: Images
    features: Callable[[Tensor], Tensor] | None = None
    read: Callable[[Tensor], Tensor] | None = None

    @torch.no_grad()
    def features_of(self, x: Tensor) -> Tensor:
        """Return the classifier's features (N, d) of images (N, 1, 28, 28), computed in batches."""
        return data.in_batches(self.features, x)

    @cached_property
    def h(self) -> Tensor:
        """Features of the test images (N, d)."""
        return self.features_of(self.test.x)

    @cached_property
    def radius(self) -> Tensor:
        """Distance of each test image to its 5th nearest neighbour, in features, (N,)."""
        return radii(self.h)

    @cached_property
    def energy(self) -> float:
        """Mean gradient energy of the test images."""
        return gradient_energy(self.test.x).mean().item()

    def resample(self, y: Tensor, *, generator: torch.Generator) -> Tensor:
        """Return one random training image for every label, drawn with replacement.

        Args:
            y: labels (B,).
            generator: for the random choice, on the CPU.

        Returns:
            Images (B, 1, 28, 28) in [0, 1].

        Raises:
            ValueError: for a label that no training image has.
        """
        # In `order` the images of a label stand together; `place` is a random place among them.
        counts, order = self.train.y.bincount(minlength=10), self.train.y.argsort()
        if absent := sorted(set(y.tolist()) - set(counts.nonzero()[:, 0].tolist())):
            raise ValueError(f"no training image has the label {', '.join(map(str, absent))}")
        place = (torch.rand(len(y), generator=generator).to(y.device) * counts[y]).long()
        return self.train.pixels[order[counts.cumsum(0)[y] - counts[y] + place]] / 255

    def test_scores(self, *, max_items: int = 1000) -> dict[str, float]:
        """Return what the test images themselves score: "nearest" and "label accuracy" of `score`.

        Args:
            max_items: test images whose nearest training image is searched.
        """
        found = {"nearest": nearest(self.test.x[:max_items], self.train.x).median().item()}
        if self.features is not None:
            found["label accuracy"] = (
                (self.read(self.h).argmax(dim=1) == self.test.y).float().mean().item()
            )
        return found


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
    """Measure a model by each metric that its functions allow.

    - "bound": mean bound on the log-likelihood of the test images, in nats.
    - "frechet": Fréchet distance of as many samples as test images to these, in features.
    - "density", "coverage": of the same samples; see `metrics.density_coverage`.
    - "label accuracy": share of samples that the classifier reads as the requested label.
    - "energy": mean gradient energy of samples, divided by that of test images.
    - "nearest": median distance of samples to their nearest training image, in pixels.
    - "reconstruction error": squared distance of reconstructions to their originals, in pixels.
    - "feature error": the same in the classifier's features.
    - "reconstruction energy": gradient energy of reconstructions, divided by that of the originals.

    Args:
        real: the real images and, optionally, a classifier.
        sample: requested labels (B,) → images (B, 1, 28, 28). It is called with the labels of all
            test images.
        conditional: whether `sample` is conditioned on the labels.
        reconstruct: images (B, 1, 28, 28) and their labels (B,) → their reconstructions.
        bound: binarised images and their labels → bounds on their log-likelihood in nats, (B,).
        max_items: test images for reconstructions, bounds and nearest neighbours.

    Returns:
        The metrics by name.
    """
    x, y = real.test.x[:max_items], real.test.y[:max_items]
    generated = data.in_batches(sample, real.test.y)
    found = {}
    if bound is not None:
        # A fixed seed: every model is measured on the same black and white images.
        binary = torch.bernoulli(x, generator=torch.Generator(x.device).manual_seed(0))
        found["bound"] = data.in_batches(bound, binary, y, batch_size=100).mean().item()
    if real.features is not None:
        h = real.features_of(generated)
        found["frechet"] = frechet(h, real.h)
        found["density"], found["coverage"] = density_coverage(real.h, h, real.radius)
        if conditional:
            found["label accuracy"] = (
                (real.read(h).argmax(dim=1) == real.test.y).float().mean().item()
            )
    found["energy"] = gradient_energy(generated).mean().item() / real.energy
    found["nearest"] = nearest(generated[:max_items], real.train.x).median().item()
    if reconstruct is not None:
        x_hat = data.in_batches(reconstruct, x, y)
        found["reconstruction energy"] = (
            gradient_energy(x_hat).mean() / gradient_energy(x).mean()
        ).item()
        found["reconstruction error"] = squared_error(x_hat, x).item()
        if real.features is not None:
            found["feature error"] = squared_error(
                real.features_of(x_hat), real.h[:max_items]
            ).item()
    return found


# All other numbers ".2f".
FORMATS = {
    "parameters": ",.0f",
    "seconds": ".0f",
    "bound": ".1f",
    "label accuracy": ".1%",
}


def table(rows: Mapping[str, Mapping[str, float]], *columns: str) -> str:
    """Format metrics as a text table, one row per name.

    Args:
        rows: metrics by name of the row.
        columns: names of the metrics, in order; a row without one shows "–".
    """

    def cell(row: Mapping[str, float], column: str) -> str:
        return format(row[column], FORMATS.get(column, ".2f")) if column in row else "–"

    # One word below the other in a heading: wide tables are wrapped on pages and slides.
    heads = [column.split() for column in columns]
    height = max(map(len, heads), default=0)
    lines = [
        *zip([""] * height, *([""] * (height - len(head)) + head for head in heads), strict=True),
        *([name, *(cell(row, column) for column in columns)] for name, row in rows.items()),
    ]
    first, *widths = (max(map(len, column)) for column in zip(*lines, strict=True))
    return "\n".join(
        "  ".join(
            [
                name.ljust(first),
                *(text.rjust(width) for text, width in zip(texts, widths, strict=True)),
            ]
        ).rstrip()
        for name, *texts in lines
    )

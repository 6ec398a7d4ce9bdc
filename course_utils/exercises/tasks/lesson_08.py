"""Tasks of lesson 08."""

import numpy as np
import torch
from scipy.spatial.distance import pdist
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from course_utils.exercises.task import Mistake, Task, randn

# with_label_planes: the label beside the pixels


def _labelled_inputs(generator: Generator) -> dict[str, object]:
    n = int(torch.randint(3, 6, (), generator=generator))
    x = torch.rand(n + 1, 1, 2, 3, generator=generator, dtype=torch.float64)
    y = torch.randint(n - 1, (n + 1,), generator=generator)  # the last label does not occur
    y[:2] = torch.tensor([0, n - 2])
    return {"x": x, "y": y[torch.randperm(n + 1, generator=generator)], "n_classes": n}


def _with_label_planes(x: Tensor, y: Tensor, n_classes: int) -> np.ndarray:
    planes = np.zeros((len(x), 1 + n_classes, *x.shape[2:]))
    for i, label in enumerate(y.tolist()):
        planes[i, 0], planes[i, 1 + label] = x[i, 0].numpy(), 1
    return planes


WITH_LABEL_PLANES = Task(
    name="with_label_planes",
    lesson="08",
    points=1,
    inputs=_labelled_inputs,
    reference=_with_label_planes,
    mistakes=(
        Mistake(
            lambda x, y, n_classes: np.roll(_with_label_planes(x, y, n_classes), -1, axis=1),
            "first the picture, then the planes.",
        ),
        Mistake(
            lambda x, y, n_classes: torch.cat(
                [x, y.double()[:, None, None, None].expand_as(x)], dim=1
            ),
            "one plane for each label, not one plane with the label's number: 9 is not nine"
            " times 1.",
        ),
        Mistake(
            lambda x, y, n_classes: _with_label_planes(x, y, n_classes)[:, 1:],
            "the picture itself is missing: channel 0.",
        ),
        Mistake(
            lambda x, y, n_classes: torch.cat(
                [x, one_hot(y).double()[:, :, None, None].expand(-1, -1, *x.shape[2:])], dim=1
            ),
            "a batch need not hold every label: tell `one_hot` how many there are, n_classes.",
        ),
        Mistake(
            lambda x, y, n_classes: _with_label_planes(x, (y + 1) % n_classes, n_classes),
            "off by one: label j fills channel 1 + j.",
        ),
        Mistake(
            lambda x, y, n_classes: torch.cat(
                [x, one_hot(y, n_classes).double()[:, :, None, None] * x], dim=1
            ),
            "the plane of the label is full of ones; these are the picture's own pixels.",
        ),
        Mistake(
            lambda x, y, n_classes: torch.cat(
                [x.flatten(1), one_hot(y, n_classes).double()], dim=1
            ),
            "that is a flat vector per picture; a convolution needs whole planes: (B, 1 + n,"
            " H, W).",
        ),
    ),
)


# projection_logits: "real, and of this label"


def _pair_inputs(generator: Generator) -> dict[str, object]:
    B, c, n = 7, 5, 4
    y = torch.cat([torch.arange(n), torch.randint(n, (B - n,), generator=generator)])
    return {
        "h": randn(generator, B, c),
        "y": y[torch.randperm(B, generator=generator)],
        "w": randn(generator, c),
        "b": randn(generator, 1)[0],
        "v": randn(generator, n, c),
    }


def _projection_logits(h: Tensor, y: Tensor, w: Tensor, b: Tensor, v: Tensor) -> Tensor:
    return torch.einsum("bc,bn,nc->b", h, one_hot(y, len(v)).double(), v + w) + b


PROJECTION_LOGITS = Task(
    name="projection_logits",
    lesson="08",
    points=2,
    inputs=_pair_inputs,
    reference=_projection_logits,
    mistakes=(
        Mistake(
            lambda h, y, w, b, v: h @ w + b, "the label does not matter there: add v_y · h(x)."
        ),
        Mistake(
            lambda h, y, w, b, v: (h * v[y]).sum(dim=1),
            "that is the label's part alone; w · h(x) + b is missing.",
        ),
        Mistake(lambda h, y, w, b, v: h @ w + (h * v[y]).sum(dim=1), "the b is missing."),
        Mistake(
            lambda h, y, w, b, v: (h @ w + b)[:, None] + h @ v.T,
            "that is the logit under every label, (B, n); take that of each picture's own label.",
        ),
        Mistake(
            lambda h, y, w, b, v: h @ w + b + (h @ v.T).sum(dim=1),
            "that adds the vectors of all labels; only v_y counts.",
        ),
        Mistake(
            lambda h, y, w, b, v: h @ w + b + (h * v[y]).mean(dim=1),
            "a product of two vectors is a sum, not a mean, over features.",
        ),
        Mistake(
            lambda h, y, w, b, v: h @ w + b + (h @ v.T).amax(dim=1),
            "that is the best label for the picture, not the one given.",
        ),
    ),
)


# mean_squared_distance: how much the pictures of one label differ


def _feature_inputs(generator: Generator) -> dict[str, object]:
    c, more = (
        int(torch.randint(*between, (), generator=generator)) for between in ((3, 6), (1, 5))
    )
    return {"h": 2 * randn(generator, 2 * c + more, c) + randn(generator, c)}


def _mean_squared_distance(h: Tensor) -> float:
    return float((pdist(h.numpy()) ** 2).mean())


MEAN_SQUARED_DISTANCE = Task(
    name="mean_squared_distance",
    lesson="08",
    points=2,
    inputs=_feature_inputs,
    reference=_mean_squared_distance,
    mistakes=(
        Mistake(
            lambda h: torch.cdist(h, h).square().mean(),
            "pairs of a row with itself are in the mean: only i ≠ j. (As a variance: divide by n"
            " − 1.)",
        ),
        Mistake(lambda h: torch.pdist(h).mean(), "squared distances, please."),
        Mistake(
            lambda h: h.var(dim=0).sum(),
            "that is half of it: there are n (n − 1) / 2 pairs, and two draws differ by twice the"
            " variance.",
        ),
        Mistake(
            lambda h: torch.pdist(h).square().sum(), "that is the sum over pairs; return the mean."
        ),
        Mistake(
            lambda h: torch.pdist(h).square().mean() / h.shape[1],
            "a squared distance is a sum over the features, not a mean.",
        ),
    ),
)

TASKS = (WITH_LABEL_PLANES, PROJECTION_LOGITS, MEAN_SQUARED_DISTANCE)

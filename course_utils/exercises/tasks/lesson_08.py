"""Tasks of lesson 08."""

import numpy as np
import torch
from scipy.spatial.distance import pdist
from torch import Generator, Tensor
from torch.nn.functional import one_hot

from course_utils.exercises.task import Mistake, Task, randn

# with_label_planes: the label as further channels of the image


def _labelled_inputs(generator: Generator) -> dict[str, object]:
    """Batch size, labels, height and width all differ; the last label does not occur."""
    n = int(torch.randint(4, 7, (), generator=generator))
    x = torch.rand(n + 1, 1, 2, 3, generator=generator, dtype=torch.float64)
    y = torch.randint(n - 1, (n + 1,), generator=generator)
    y[:2] = torch.tensor([0, n - 2])
    return {"x": x, "y": y[torch.randperm(n + 1, generator=generator)], "n_classes": n}


def _with_label_planes(x: Tensor, y: Tensor, n_classes: int) -> np.ndarray:
    planes = np.zeros((len(x), 1 + n_classes, *x.shape[2:]))
    for i, label in enumerate(y.tolist()):
        planes[i, 0], planes[i, 1 + label] = x[i, 0].numpy(), 1
    return planes


def _planes_of(change) -> object:
    """The planes of one-hot labels (B, n) that are changed first."""

    def mistaken(x: Tensor, y: Tensor, n_classes: int) -> Tensor:
        labels = change(one_hot(y, n_classes).double(), y, n_classes)
        return torch.cat([x, labels[:, :, None, None].expand(-1, -1, *x.shape[2:])], dim=1)

    return mistaken


WITH_LABEL_PLANES = Task(
    name="with_label_planes",
    lesson="08",
    points=1,
    inputs=_labelled_inputs,
    reference=_with_label_planes,
    mistakes=(
        Mistake(
            lambda x, y, n_classes: np.roll(_with_label_planes(x, y, n_classes), -1, axis=1),
            "first the image, then the planes.",
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
            "the image itself is missing: channel 0.",
        ),
        Mistake(
            lambda x, y, n_classes: torch.cat(
                [x, one_hot(y).double()[:, :, None, None].expand(-1, -1, *x.shape[2:])], dim=1
            ),
            "a batch need not hold every label: pass their number, n_classes, to `one_hot`.",
        ),
        Mistake(
            lambda x, y, n_classes: _with_label_planes(x, (y + 1) % n_classes, n_classes),
            "off by one: label j fills channel 1 + j.",
        ),
        Mistake(
            lambda x, y, n_classes: torch.cat(
                [x, one_hot(y, n_classes).double()[:, :, None, None] * x], dim=1
            ),
            "the plane of the label is full of ones; these are the image's own pixels.",
        ),
        Mistake(
            lambda x, y, n_classes: torch.cat(
                [x.flatten(1), one_hot(y, n_classes).double()], dim=1
            ),
            "that is a flat vector per image; a convolution needs whole planes: (B, 1 + n, H, W).",
        ),
        Mistake(
            _planes_of(lambda labels, y, n: labels * y[:, None]),
            "the plane of the label is full of ones, whatever the label's number.",
            also=(
                _planes_of(lambda labels, y, n: labels / n),
                _planes_of(lambda labels, y, n: labels * (y[:, None] + 1)),
            ),
        ),
        Mistake(
            lambda x, y, n_classes: torch.cat(
                [
                    x,
                    one_hot(y, n_classes).double()[:, :, None, None]
                    * torch.eye(x.shape[2])[:, :1].double().expand(x.shape[2:]),
                ],
                dim=1,
            ),
            "a plane is full: ones at every place, not in its first row alone.",
        ),
        Mistake(
            _planes_of(lambda labels, y, n: 1 - labels),
            "ones for the image's own label, zeros for the others; this is the other way round.",
        ),
        Mistake(
            _planes_of(lambda labels, y, n: labels.flip(1)),
            "label j fills channel 1 + j; this counts from the end.",
        ),
        Mistake(
            lambda x, y, n_classes: _with_label_planes(x, y, n_classes).swapaxes(2, 3),
            "height and width are swapped.",
        ),
        Mistake(
            _planes_of(lambda labels, y, n: one_hot(y.sort().values, n).double()),
            "each image keeps its own label: do not sort y.",
        ),
    ),
)


# projection_logits: the logit of "real, and of this label"


def _pair_inputs(generator: Generator) -> dict[str, object]:
    """Batch size, features and labels all differ; b is not near 0."""
    B, c, n = int(torch.randint(7, 10, (), generator=generator)), 5, 4
    y = torch.cat([torch.arange(n), torch.randint(n, (B - n,), generator=generator)])
    return {
        "h": randn(generator, B, c),
        "y": y[torch.randperm(B, generator=generator)],
        "w": randn(generator, c),
        "b": (1 + torch.rand((), generator=generator, dtype=torch.float64))
        * (-1) ** int(torch.randint(2, (), generator=generator)),
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
            "that is the logit under every label, (B, n); take that of each image's own label.",
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
            "that is the best label for the image, not the one given.",
        ),
        Mistake(
            lambda h, y, w, b, v: h @ w + b + v[y].sum(dim=1),
            "v_y meets the features: multiply it by h before the sum.",
        ),
        Mistake(lambda h, y, w, b, v: b + (h * v[y]).sum(dim=1), "the w · h(x) is missing."),
        Mistake(
            lambda h, y, w, b, v: h.sum(dim=1) + b + (h * v[y]).sum(dim=1),
            "the features are weighed by w before they are summed.",
        ),
        Mistake(
            lambda h, y, w, b, v: h @ w + b + (h @ v[y].T).sum(dim=1),
            "h @ v[y].T pairs every image with the labels of all others, too: multiply row by"
            " row, (h * v[y]), and sum.",
            also=(
                lambda h, y, w, b, v: h @ w + b + (h @ v[y].T).sum(dim=0),
                lambda h, y, w, b, v: h @ w + b + (h @ v[y].T).mean(dim=1),
            ),
        ),
        Mistake(
            lambda h, y, w, b, v: h @ w + b + h @ v[y].T,
            "that is every image with the label of every other, (B, B); only the diagonal is"
            " meant: (h * v[y]).sum(dim=1).",
        ),
        Mistake(
            lambda h, y, w, b, v: h @ w + b + (h * v[y]).sum(),
            "the product of the batch with itself is summed over everything: sum over dim 1 alone.",
        ),
        Mistake(
            lambda h, y, w, b, v: (h @ w + b) * (h * v[y]).sum(dim=1),
            "the two parts are added, not multiplied.",
        ),
        Mistake(
            lambda h, y, w, b, v: _projection_logits(h, y, w, b, v).sigmoid(),
            "these are probabilities; return the logits.",
        ),
        Mistake(
            lambda h, y, w, b, v: _projection_logits(h, y, w, b, v) + b,
            "the b counts once.",
        ),
        Mistake(
            lambda h, y, w, b, v: h @ w + b - (h * v[y]).sum(dim=1),
            "the sign: the label's part is added.",
        ),
    ),
)


# mean_squared_distance: how much the images of one label differ


def _feature_inputs(generator: Generator) -> dict[str, object]:
    c, more = (
        int(torch.randint(*between, (), generator=generator)) for between in ((3, 6), (1, 5))
    )
    """Two rows are equal, and two more are closer than 1."""
    h = 2 * randn(generator, 2 * c + more, c) + randn(generator, c)
    h[1], h[3] = h[0], h[2] + 0.3 / c**0.5
    return {"h": h[torch.randperm(len(h), generator=generator)]}


def _mean_squared_distance(h: Tensor) -> float:
    return float((pdist(h.numpy()) ** 2).mean())


def _over(h: Tensor, least: float) -> Tensor:
    """The mean of those squared distances that are above a threshold."""
    squares = (h[:, None] - h).square().sum(dim=2)
    return squares[squares > least].mean()


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
        Mistake(
            lambda h: torch.pdist(h).mean() ** 2,
            "first square each distance, then take the mean.",
        ),
        Mistake(
            lambda h: _over(h, 0.0),
            "two different rows may be equal: their distance 0 counts. Leave out the diagonal, not"
            " what is 0.",
            also=tuple(lambda h, least=least: _over(h, least) for least in (1e-12, 1e-6, 1e-3)),
        ),
        Mistake(
            lambda h: _over(h, 1.0),
            "every pair counts, also a close one: leave out the diagonal, not small distances.",
            also=(lambda h: _over(h, 0.5), lambda h: _over(h, 0.1)),
        ),
        Mistake(
            lambda h: torch.pdist(h.unique(dim=0)).square().mean(),
            "two rows may be equal: both count, each with all others.",
        ),
        Mistake(
            lambda h: 2 * torch.pdist(h).square().mean(),
            "each pair has one distance: there are n (n − 1) / 2 pairs, or n (n − 1) in both"
            " orders.",
        ),
        Mistake(
            lambda h: torch.pdist(h, p=1).square().mean(),
            "Euclidean distances: a sum of squared differences.",
            also=(lambda h: torch.pdist(h, p=1).mean(),),
        ),
        Mistake(
            lambda h: (h[1:] - h[:-1]).square().sum(dim=1).mean(),
            "all pairs of rows, not only those that follow each other.",
        ),
        Mistake(lambda h: torch.pdist(h).square().median(), "the mean over pairs, not the median."),
        Mistake(
            lambda h: (h - h.mean(dim=0)).square().sum(dim=1).sqrt().mean(),
            "that is the distance to the mean; the task asks for that between two rows.",
        ),
    ),
)

TASKS = (WITH_LABEL_PLANES, PROJECTION_LOGITS, MEAN_SQUARED_DISTANCE)

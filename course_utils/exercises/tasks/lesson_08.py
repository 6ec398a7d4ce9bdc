"""Tasks of lesson 08."""

from collections.abc import Callable

import numpy as np
import torch
from scipy.spatial.distance import pdist
from scipy.special import log_expit
from torch import Generator, Tensor
from torch.nn.functional import one_hot, softplus

from course_utils.exercises.task import Affine, Mistake, Part, Task, randn

# projection_logits: the logit of "real, and of this label"


def _pair_inputs(generator: Generator) -> dict[str, object]:
    """As many images as labels as features: a product along a wrong dimension then gives wrong
    numbers, which earn a hint, and not an error about shapes. Some labels occur twice, so others
    do not occur; b is not near 0.
    """
    n = int(torch.randint(6, 9, (), generator=generator))
    y = torch.randperm(n, generator=generator)
    y[1], y[3] = y[0], y[2]
    return {
        "h": randn(generator, n, n),
        "y": y[torch.randperm(n, generator=generator)],
        "w": randn(generator, n),
        "b": (1 + torch.rand((), generator=generator, dtype=torch.float64))
        * (-1) ** int(torch.randint(2, (), generator=generator)),
        "v": randn(generator, n, n),
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
        Mistake(
            lambda h, y, w, b, v: h @ w + b + h @ v.T,
            "h @ v.T is the product with the vector of every label, (B, n); take the one of each"
            " image's own label: (h * v[y]).sum(dim=1).",
        ),
        Mistake(
            lambda h, y, w, b, v: h @ w + b + (h * v[y]).sum(dim=0),
            "sum over the features, dim 1; dim 0 is the batch.",
        ),
        Mistake(
            lambda h, y, w, b, v: h @ w + b + (h * v).sum(dim=1),
            "image i gets row i of v there; it needs the row of its label, v[y].",
        ),
        Mistake(
            lambda h, y, w, b, v: h @ w + b + (h * v[:, y].T).sum(dim=1),
            "v_j is row j of v, not column j: v[y].",
            also=(
                lambda h, y, w, b, v: h @ w + b + (h * v[:, y]).sum(dim=1),
                lambda h, y, w, b, v: h @ w + b + (h @ v)[torch.arange(len(h)), y],
            ),
        ),
        Mistake(
            lambda h, y, w, b, v: h @ w + b + (h * v[y - 1]).sum(dim=1),
            "off by one: labels count from 0, as rows do.",
            also=(lambda h, y, w, b, v: h @ w + b + (h * v[(y + 1) % len(v)]).sum(dim=1),),
        ),
        Mistake(
            lambda h, y, w, b, v: h @ w + b + v[y] @ w,
            "v_y is multiplied by the features h, not by w.",
            also=(lambda h, y, w, b, v: (h + v[y]) @ w + b,),
        ),
        Mistake(
            lambda h, y, w, b, v: (h * w * v[y]).sum(dim=1) + b,
            "w and v_y are added, not multiplied: (w + v_y) · h(x).",
        ),
        Mistake(
            lambda h, y, w, b, v: (h * v[y.sort().values]).sum(dim=1) + h @ w + b,
            "each image keeps its own label: do not sort y.",
        ),
    ),
)


# cgan_losses: the label's way into both networks, and what each is trained on

SURE = 850.0  # a logit: σ(−850) is 0 for a computer, even in float64


def _cgan_inputs(generator: Generator, case: int = 0) -> dict[str, object]:
    """All sizes differ. Some logits are surely right and some surely wrong. In every other round
    the last label does not occur.
    """
    B = int(torch.randint(40, 46, (), generator=generator))
    k, n, d, c = 3, 5, 6, 4
    y = torch.randint(n - case, (B,), generator=generator)
    y[:n] = torch.arange(n) % (n - case)
    G = Affine(randn(generator, k + n, d) / 2, randn(generator, d) / 2)
    h = Affine(randn(generator, d, c) / 2, randn(generator, c) / 2)
    x, z = 0.7 * randn(generator, B, d), 0.7 * randn(generator, B, k)
    w, v = randn(generator, c), randn(generator, n, c)
    b = 0.5 + torch.rand((), generator=generator, dtype=torch.float64)
    slope = (w + v[y]) @ h.W.T  # of the logits in the images, (B, d)
    for place, target in enumerate((-SURE, SURE)):  # real images that Dis rejects, and accepts
        x[place] = target * slope[place] / slope[place].square().sum()
    for place, target in enumerate((SURE, -SURE)):  # generated images, the same
        steep = G.W[:k] @ slope[place]
        z[place] = target * steep / steep.square().sum()
    return {"G": G, "h": h, "w": w, "b": b, "v": v, "x": x, "y": y, "z": z}


def _cgan_losses(
    G: Affine, h: Affine, w: Tensor, b: Tensor, v: Tensor, x: Tensor, y: Tensor, z: Tensor
) -> np.ndarray:
    """Image by image."""
    L = np.zeros(2)
    for image, label, code in zip(x.numpy(), y.tolist(), z.numpy(), strict=True):
        wanted = np.zeros(len(v))
        wanted[label] = 1
        fake = np.concatenate([code, wanted]) @ G.W.numpy() + G.b.numpy()
        real_logit, fake_logit = (
            float((w + v[label]).numpy() @ (seen @ h.W.numpy() + h.b.numpy()) + b)
            for seen in (image, fake)
        )
        L -= [log_expit(real_logit) + log_expit(-fake_logit), log_expit(fake_logit)]
    return L / len(x)


def _for_Dis(real: Tensor, fake: Tensor) -> Tensor:
    return softplus(-real).mean() + softplus(fake).mean()


def _for_G(real: Tensor, fake: Tensor) -> Tensor:
    return softplus(-fake).mean()


def _plain(real: Tensor, fake: Tensor) -> Tensor:
    return -real.sigmoid().log().mean() - (1 - fake.sigmoid()).log().mean()


def _game(
    *,
    L_Dis: Callable = _for_Dis,
    L_G: Callable = _for_G,
    code: Callable = lambda z, labels: torch.cat([z, labels], dim=1),
    real: Callable = lambda h, w, b, v, y: h @ w + b + (h * v[y]).sum(dim=1),
    fake: Callable = lambda h, w, b, v, y: h @ w + b + (h * v[y]).sum(dim=1),
    end: Callable = torch.stack,
) -> Callable:
    """An answer with one of its parts exchanged: losses from (real, fake), the generator's input
    from (z, labels), logits from (h, w, b, v, y), the end from the two losses.
    """

    def answer(
        G: Affine, h: Affine, w: Tensor, b: Tensor, v: Tensor, x: Tensor, y: Tensor, z: Tensor
    ) -> Tensor:
        x_hat = G(code(z, one_hot(y, len(v)).double()))
        logits = real(h(x), w, b, v, y), fake(h(x_hat), w, b, v, y)
        return end([L_Dis(*logits), L_G(*logits)])

    return answer


def _no_label(h: Tensor, w: Tensor, b: Tensor, v: Tensor, y: Tensor) -> Tensor:
    return h @ w + b


def _other_label(h: Tensor, w: Tensor, b: Tensor, v: Tensor, y: Tensor) -> Tensor:
    return h @ w + b + (h * v[y.flip(0)]).sum(dim=1)


def _no_bias(h: Tensor, w: Tensor, b: Tensor, v: Tensor, y: Tensor) -> Tensor:
    return h @ w + (h * v[y]).sum(dim=1)


CGAN_LOSSES = Task(
    name="cgan_losses",
    lesson="08",
    points=4,
    inputs=_cgan_inputs,
    cases=2,
    reference=_cgan_losses,
    parts=(Part("L_Dis", 2, 0, 1), Part("L_G", 2, 1)),
    mistakes=(
        Mistake(
            _game(fake=_no_label),
            "the generated image is judged with the label that was requested, too: ℓ(x̂, y).",
        ),
        Mistake(
            _game(real=_no_label),
            "the real image is judged with its label: ℓ(x, y). The label is missing there.",
        ),
        Mistake(
            _game(real=_no_label, fake=_no_label),
            "Dis must see the label, beside real and beside generated images: add v_y · h.",
        ),
        Mistake(
            _game(code=lambda z, labels: torch.cat([z, 0 * labels], dim=1)),
            "G does not see the label: join z and the one-hot label.",
        ),
        Mistake(
            _game(code=lambda z, labels: torch.cat([labels, z], dim=1)),
            "first z, then the one-hot label.",
        ),
        Mistake(
            _game(code=lambda z, labels: torch.cat([z, labels.roll(1, dims=1)], dim=1)),
            "off by one: label j is a 1 at place j, counted from 0.",
        ),
        Mistake(
            _game(code=lambda z, labels: torch.cat([0 * z, labels], dim=1)),
            "G does not see z: join z and the one-hot label.",
        ),
        Mistake(
            _game(fake=_other_label),
            "a generated image is judged with the label that it was generated for, not with that"
            " of another image.",
        ),
        Mistake(
            _game(real=_no_bias, fake=_no_bias),
            "the b of the logits is missing.",
        ),
        Mistake(
            _game(L_Dis=_plain, L_G=lambda real, fake: -fake.sigmoid().log().mean()),
            "σ(−850) is 0 for a computer: −log σ(ℓ) = softplus(−ℓ), −log(1 − σ(ℓ)) = softplus(ℓ).",
            also=(
                _game(L_Dis=_plain),
                _game(L_G=lambda real, fake: -fake.sigmoid().log().mean()),
            ),
        ),
        Mistake(
            _game(L_G=lambda real, fake: -softplus(fake).mean()),
            "that L_G is the minimax loss; the lesson takes the non-saturating −log Dis(x̂, y).",
        ),
        Mistake(
            _game(L_G=lambda real, fake: softplus(fake).mean()),
            "that L_G is small when Dis recognises the generated images: it is a part of L_Dis.",
        ),
        Mistake(
            _game(L_G=lambda real, fake: softplus(-real).mean()),
            "L_G is computed from generated images, not from real ones.",
        ),
        Mistake(
            _game(L_G=lambda real, fake: softplus(-fake).mean() + softplus(real).mean()),
            "real images do not depend on G: they are no part of L_G.",
        ),
        Mistake(
            _game(L_Dis=lambda real, fake: softplus(-real).mean()),
            "the generated images are missing in L_Dis.",
        ),
        Mistake(
            _game(L_Dis=lambda real, fake: softplus(fake).mean()),
            "the real images are missing in L_Dis.",
        ),
        Mistake(
            _game(L_Dis=lambda real, fake: _for_Dis(-real, -fake)),
            "real and generated are exchanged in L_Dis.",
        ),
        Mistake(
            _game(L_Dis=lambda real, fake: -_for_Dis(real, fake)),
            "that is V, which Dis makes large; a loss is made small: −V.",
        ),
        Mistake(
            _game(L_Dis=lambda real, fake: _for_Dis(real, fake) / 2),
            "the two means of L_Dis are added; there is no ½.",
        ),
        Mistake(
            _game(
                L_Dis=lambda real, fake: softplus(-real).sum() + softplus(fake).sum(),
                L_G=lambda real, fake: softplus(-fake).sum(),
            ),
            "means over the batch, not sums.",
        ),
        Mistake(
            _game(end=lambda losses: torch.stack(losses[::-1])),
            "first L_Dis, then L_G.",
        ),
        Mistake(
            _game(end=lambda losses: sum(losses)),
            "each network has its own loss: return both, do not add them.",
        ),
        Mistake(
            _game(
                L_Dis=lambda real, fake: fake.mean() - real.mean(),
                L_G=lambda real, fake: -fake.mean(),
            ),
            "those are means of logits; the losses are means of −log σ(ℓ) and −log(1 − σ(ℓ)).",
        ),
    ),
)


# mean_squared_distance: how much the images of one label differ


def _feature_inputs(generator: Generator) -> dict[str, object]:
    """Two rows are equal, and two more are closer than 1."""
    c, more = (
        int(torch.randint(*between, (), generator=generator)) for between in ((3, 6), (1, 5))
    )
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

TASKS = (PROJECTION_LOGITS, CGAN_LOSSES, MEAN_SQUARED_DISTANCE)

"""Tasks of lesson 07."""

import numpy as np
import torch
from scipy.spatial.distance import cdist
from scipy.special import expit, log_expit, rel_entr
from torch import Generator, Tensor
from torch.nn.functional import binary_cross_entropy_with_logits, logsigmoid, softplus

from course_utils.exercises.task import Mistake, Part, Task, randn

# value_at_best: the game's value against the best discriminator


def _density_inputs(generator: Generator) -> dict[str, object]:
    """Two bumps that overlap, each with integral 1 on its places."""
    n = int(torch.randint(50, 70, (), generator=generator))
    width = 6 / n
    x = width * torch.arange(n, dtype=torch.float64)
    middle, spread = (
        2 + 2 * torch.rand(2, generator=generator),
        0.5 + torch.rand(2, generator=generator),
    )
    bumps = torch.exp(-0.5 * ((x - middle[:, None]) / spread[:, None]) ** 2) + 1e-3
    p, q = bumps / bumps.sum(dim=1, keepdim=True) / width
    return {"p": p, "q": q, "width": width}


def _value_at_best(p: Tensor, q: Tensor, width: float) -> float:
    """2 JS − log 4, with the divergence from SciPy."""
    a, b = p.numpy(), q.numpy()
    return float((rel_entr(a, (a + b) / 2) + rel_entr(b, (a + b) / 2)).sum() * width - np.log(4))


def _value_of(best) -> object:
    def mistaken(p: Tensor, q: Tensor, width: float) -> Tensor:
        d = best(p, q)
        return (p * d.log() + q * (1 - d).log()).sum() * width

    return mistaken


VALUE_AT_BEST = Task(
    name="value_at_best",
    lesson="07",
    points=2,
    inputs=_density_inputs,
    reference=_value_at_best,
    mistakes=(
        Mistake(
            _value_of(lambda p, q: q / (p + q)), "Dis* says how likely *real* is: p over p + q."
        ),
        Mistake(
            lambda p, q, width: _value_at_best(p, q, width) / width,
            "an integral is a sum times the width.",
        ),
        Mistake(
            _value_of(lambda p, q: torch.full_like(p, 0.5)),
            "that is Dis = ½ everywhere; the best one depends on x.",
        ),
        Mistake(
            lambda p, q, width: (p * (p / (p + q)).log()).sum() * width,
            "only the first term; the made ones count, too.",
        ),
        Mistake(
            lambda p, q, width: (_value_at_best(p, q, width) + np.log(4)) / 2,
            "that is JS(p, q); the value is 2 JS − log 4.",
        ),
        Mistake(
            lambda p, q, width: -_value_at_best(p, q, width),
            "minus the value is the discriminator's loss; return the value.",
        ),
        Mistake(
            lambda p, q, width: _value_at_best(p, q, width) / np.log(2),
            "these are bits; nats come from the natural logarithm.",
        ),
        Mistake(
            lambda p, q, width: ((p / (p + q)).log() + (q / (p + q)).log()).sum() * width,
            "weigh each logarithm by its density before the sum: these are expectations.",
        ),
    ),
)


# js_bound: what any discriminator tells about the divergence


def _game_inputs(generator: Generator) -> dict[str, object]:
    real, fake = 2 * randn(generator, 150) + 2, 2 * randn(generator, 200) - 2
    fake[0] = 40.0  # 1 − σ(40) is exactly 0 for a computer
    return {"real": real, "fake": fake}


def _js_bound(real: Tensor, fake: Tensor) -> float:
    return float((log_expit(real.numpy()).mean() + log_expit(-fake.numpy()).mean()) / 2 + np.log(2))


JS_BOUND = Task(
    name="js_bound",
    lesson="07",
    points=2,
    inputs=_game_inputs,
    reference=_js_bound,
    mistakes=(
        Mistake(lambda real, fake: 2 * _js_bound(real, fake), "V + log 4 is two times JS."),
        Mistake(
            lambda real, fake: 2 * _js_bound(real, fake) - np.log(4),
            "that is V itself: solve V = 2 JS − log 4 for JS.",
        ),
        Mistake(lambda real, fake: _js_bound(real, fake) - np.log(2), "½ log 4 is missing."),
        Mistake(
            lambda real, fake: _js_bound(real, fake) + np.log(2),
            "½ (V + log 4): the logarithm is halved, too.",
        ),
        Mistake(
            lambda real, fake: -_js_bound(real, fake),
            "the sign: softplus is positive, log σ(ℓ) = −softplus(−ℓ).",
        ),
        Mistake(
            lambda real, fake: _js_bound(fake, real),
            "real logits go through log σ(ℓ), made ones through log σ(−ℓ).",
        ),
        Mistake(
            lambda real, fake: (
                (real.sigmoid().log().mean() + (1 - fake.sigmoid()).log().mean()) / 2 + np.log(2)
            ),
            "1 − σ(40) is exactly 0 for a computer: log(1 − σ(ℓ)) is log σ(−ℓ), or −softplus(ℓ).",
        ),
        Mistake(
            lambda real, fake: (
                (torch.cat([logsigmoid(real), logsigmoid(-fake)])).mean() + np.log(2)
            ),
            "two means, one of the real and one of the made: there are not equally many.",
        ),
        Mistake(
            lambda real, fake: (
                (real.sigmoid().mean().log() + (-fake).sigmoid().mean().log()) / 2 + np.log(2)
            ),
            "first the logarithm, then the mean.",
        ),
        Mistake(
            lambda real, fake: _js_bound(real, fake) / np.log(2),
            "these are bits; the task asks for nats.",
        ),
    ),
)


# fooling_loss: the non-saturating loss, from logits


def _logit_inputs(generator: Generator) -> dict[str, object]:
    """Many, so that the one huge logit does not drown the others."""
    logits = 4 * randn(generator, 600)
    logits[int(torch.randint(600, (), generator=generator))] = -900.0 - 200 * torch.rand(
        (), generator=generator
    )
    return {"logits": logits}


def _fooling_loss(logits: Tensor) -> Tensor:
    return binary_cross_entropy_with_logits(logits, torch.ones_like(logits))


def _capped(eps: float) -> object:
    return lambda logits: -logits.sigmoid().clamp(min=eps).log().mean()


def _shifted(eps: float) -> object:
    return lambda logits: -(logits.sigmoid() + eps).log().mean()


FOOLING_LOSS = Task(
    name="fooling_loss",
    lesson="07",
    points=1,
    inputs=_logit_inputs,
    reference=_fooling_loss,
    mistakes=(
        Mistake(
            lambda logits: -logits.sigmoid().log().mean(),
            "σ(−1000) is 0 for a computer, and exp(1000) infinite: use softplus.",
        ),
        Mistake(
            lambda logits: -logits.sigmoid().clamp(min=1e-7).log().mean(),
            "clamp and + ε change the answer where σ is 0, just where G is worst: use softplus.",
            also=tuple(_capped(eps) for eps in (1e-6, 1e-8, 1e-9, 1e-10, 1e-12))
            + tuple(_shifted(eps) for eps in (1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)),
        ),
        Mistake(
            lambda logits: softplus(-logits.mean()), "first −log σ of each logit, then the mean."
        ),
        Mistake(
            lambda logits: -softplus(logits).mean(),
            "that is the minimax loss, which saturates where Dis is sure.",
        ),
        Mistake(
            lambda logits: softplus(logits).mean(),
            "that is small when Dis sees through them: it is part of Dis's loss.",
        ),
        Mistake(
            lambda logits: logsigmoid(logits).mean(),
            "the sign: a loss falls as the pictures look more real.",
        ),
        Mistake(lambda logits: softplus(-logits).sum(), "a mean over the batch, not a sum."),
        Mistake(
            lambda logits: -logits.mean(),
            "that is the mean logit with a minus; the loss is the mean of −log σ of each.",
        ),
        Mistake(
            lambda logits: (1 - expit(logits.numpy())).mean(),
            "that is 1 − Dis; the loss is −log Dis.",
        ),
    ),
)


# modes_found: places of a mixture that a generator reaches


def _sample_inputs(generator: Generator) -> dict[str, object]:
    """One to three centres are hit well, one just so, one by too few samples, one by one, four to
    six only from outside.

    One more is so near to one of the first that its ball holds the same samples, which are nearer
    to the other.
    """
    well, beside = (
        int(torch.randint(*between, (), generator=generator)) for between in ((1, 4), (4, 7))
    )
    n = well + 3 + beside
    angle = (
        2
        * torch.pi
        * (
            torch.arange(n, dtype=torch.float64) / n
            + torch.rand(1, generator=generator, dtype=torch.float64)
        )
    )
    centres = 6 * torch.stack([angle.cos(), angle.sin()], dim=1)
    centres = centres[torch.randperm(n, generator=generator)]
    sizes = (200 + torch.randint(0, 50, (well,), generator=generator)).tolist()
    outside = int(torch.randint(220, 300, (), generator=generator))
    percent = (
        sum(sizes) + outside
    ) // 100  # about one in a hundred of all; fewer are more than that of the good ones
    sizes += [percent + 2, percent - 1, 1]
    samples = [c + 0.1 * randn(generator, n, 2) for c, n in zip(centres, sizes, strict=False)]
    others = centres[len(sizes) :].repeat(outside, 1)[:outside]
    around = others + torch.tensor([0.7, 0.0]) + 0.01 * randn(generator, outside, 2)
    centres = torch.cat([centres, centres[:1] + torch.tensor([0.0, 0.45])])[
        torch.randperm(n + 1, generator=generator)
    ]
    return {"samples": torch.cat([*samples, around]), "centres": centres, "radius": 0.6}


def _counted(
    samples: Tensor, centres: Tensor, radius: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Distances (N, m), the nearest centre of each, and the counts of good samples (m,)."""
    distance = cdist(samples.numpy(), centres.numpy())
    nearest, good = distance.argmin(axis=1), distance.min(axis=1) < radius
    return distance, nearest, np.array([(good & (nearest == i)).sum() for i in range(len(centres))])


def _modes_found(samples: Tensor, centres: Tensor, radius: float) -> np.ndarray:
    _, _, counts = _counted(samples, centres, radius)
    return np.array([(counts >= 0.01 * len(samples)).sum(), counts.sum() / len(samples)])


def _any_distance(samples: Tensor, centres: Tensor, radius: float) -> np.ndarray:
    _, nearest, counts = _counted(samples, centres, radius)
    return np.array(
        [
            (np.bincount(nearest, minlength=len(centres)) >= 0.01 * len(samples)).sum(),
            counts.sum() / len(samples),
        ]
    )


def _one_is_enough(samples: Tensor, centres: Tensor, radius: float) -> np.ndarray:
    _, _, counts = _counted(samples, centres, radius)
    return np.array([(counts > 0).sum(), counts.sum() / len(samples)])


def _of_good(samples: Tensor, centres: Tensor, radius: float) -> np.ndarray:
    _, _, counts = _counted(samples, centres, radius)
    return np.array([(counts >= 0.01 * counts.sum()).sum(), counts.sum() / len(samples)])


def _in_any_ball(samples: Tensor, centres: Tensor, radius: float) -> np.ndarray:
    inside = (_counted(samples, centres, radius)[0] < radius).sum(axis=0)
    return np.array([(inside >= 0.01 * len(samples)).sum(), inside.sum() / len(samples)])


def _squared_distance(samples: Tensor, centres: Tensor, radius: float) -> np.ndarray:
    return _modes_found(samples, centres, radius**0.5)


def _as_number(samples: Tensor, centres: Tensor, radius: float) -> np.ndarray:
    return _modes_found(samples, centres, radius) * np.array([1, len(samples)])


MODES_FOUND = Task(
    name="modes_found",
    lesson="07",
    points=2,
    inputs=_sample_inputs,
    reference=_modes_found,
    parts=(Part("modes", 1, 0, 1), Part("share", 1, 1)),
    mistakes=(
        Mistake(_any_distance, "a mode needs *good* samples: closer than the radius."),
        Mistake(
            _one_is_enough,
            "one good sample is not enough; at least one in a hundred of all samples.",
        ),
        Mistake(_of_good, "one in a hundred of *all* samples, not of the good ones."),
        Mistake(
            _in_any_ball,
            "a sample belongs to its nearest centre alone: two centres may be closer than the"
            " radius.",
        ),
        Mistake(
            _squared_distance,
            "is the squared distance compared with the radius? Take the root, or square the"
            " radius.",
        ),
        Mistake(_as_number, "the second number is a share of all samples, not a count."),
        Mistake(
            lambda samples, centres, radius: _modes_found(samples, centres, radius)[::-1].copy(),
            "first the modes, then the share.",
        ),
        Mistake(
            lambda samples, centres, radius: np.array(
                [
                    _modes_found(samples, centres, radius)[0],
                    1 - _modes_found(samples, centres, radius)[1],
                ]
            ),
            "that is the share of bad ones.",
        ),
    ),
)

TASKS = (VALUE_AT_BEST, JS_BOUND, FOOLING_LOSS, MODES_FOUND)

"""Tasks of lesson 10."""

import math
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from scipy.signal import correlate2d
from scipy.stats import norm
from torch import Generator, Tensor

from course_utils.exercises.task import Affine, Mistake, Task, randn

# flow_matching_loss: the regression


def _field(generator: Generator, d: int, n: int) -> Affine:
    """A velocity that is affine in place, time and label together."""
    return Affine(randn(generator, d + 1 + n, d), randn(generator, d))


def _labels(generator: Generator, b: int, n: int) -> Tensor:
    return F.one_hot(torch.randint(n, (b,), generator=generator), n).double()


def _flow_inputs(generator: Generator) -> dict[str, object]:
    """As many rows as dimensions, so that a wrong broadcast gives wrong numbers and no error."""
    b = int(torch.randint(4, 7, (), generator=generator))
    t = torch.rand(b, generator=generator, dtype=torch.float64)
    t[0], t[1] = 0.0, 0.9  # and a time that is not symmetric
    return {
        "v": _field(generator, b, 3),
        "x0": randn(generator, b, b),
        "x1": 2 + randn(generator, b, b),
        "t": t,
        "y": _labels(generator, b, 3),
    }


def _at(v: Affine, x: Tensor, t: Tensor, y: Tensor) -> Tensor:
    return v(torch.cat([x, t[:, None], y], dim=1))


def _flow_reference(v: Affine, x0: Tensor, x1: Tensor, t: Tensor, y: Tensor) -> float:
    W, b = v.W.numpy(), v.b.numpy()
    total = 0.0
    for start, end, time, label in zip(*(a.numpy() for a in (x0, x1, t, y)), strict=True):
        inputs = np.concatenate([start + time * (end - start), [time], label])
        total += float(((inputs @ W + b - end + start) ** 2).sum())
    return total / len(t)


def _error(
    place: Callable[..., Tensor] = lambda x0, x1, t: (1 - t) * x0 + t * x1,
    target: Callable[..., Tensor] = lambda x0, x1, x_t: x1 - x0,
    time: Callable[[Tensor], Tensor] = lambda t: t,
    total: Callable[[Tensor], Tensor] = lambda error: error.square().sum(dim=1).mean(),
    label: Callable[[Tensor], Tensor] = lambda y: y,
) -> Callable:
    """The loss, with one of its parts changed. `place` gets times (B, 1)."""

    def answer(v: Affine, x0: Tensor, x1: Tensor, t: Tensor, y: Tensor) -> Tensor:
        x_t = place(x0, x1, t[:, None])
        return total(_at(v, x_t, time(t), label(y)) - target(x0, x1, x_t))

    return answer


FLOW_MATCHING_LOSS = Task(
    name="flow_matching_loss",
    lesson="10",
    points=3,
    inputs=_flow_inputs,
    reference=_flow_reference,
    mistakes=(
        Mistake(
            _error(place=lambda x0, x1, t: x1),
            "the network gets the place on the way, x_t, not the data point x₁.",
            also=(_error(place=lambda x0, x1, t: x0),),
        ),
        Mistake(
            _error(place=lambda x0, x1, t: t * x0 + (1 - t) * x1),
            "time runs the other way: x_t is noise at t = 0 and data at t = 1.",
            also=(
                _error(
                    place=lambda x0, x1, t: t * x0 + (1 - t) * x1,
                    target=lambda x0, x1, x_t: x0 - x1,
                ),
            ),
        ),
        Mistake(
            _error(target=lambda x0, x1, x_t: x0 - x1),
            "the sign of the velocity: x_t moves from x₀ to x₁, so its derivative is x₁ − x₀.",
        ),
        Mistake(
            _error(target=lambda x0, x1, x_t: x1 - x_t),
            "that is the way that is left, x₁ − x_t. The velocity is x₁ − x₀ at every time.",
            also=(_error(target=lambda x0, x1, x_t: x_t - x0),),
        ),
        Mistake(
            _error(target=lambda x0, x1, x_t: x1),
            "the network shall predict the velocity x₁ − x₀, not the data point.",
            also=(_error(target=lambda x0, x1, x_t: x_t),),
        ),
        Mistake(
            _error(target=lambda x0, x1, x_t: x0),
            "that is noise prediction, as in diffusion models. Here the target is x₁ − x₀.",
            also=(_error(target=lambda x0, x1, x_t: -x0),),
        ),
        Mistake(
            _error(time=lambda t: 1 - t),
            "the network gets the time t itself, not 1 − t.",
        ),
        Mistake(
            _error(time=lambda t: 0 * t),
            "the network does not get the time.",
        ),
        Mistake(
            _error(label=lambda y: 0 * y),
            "the network does not get the labels.",
        ),
        Mistake(
            _error(total=lambda error: error.square().mean()),
            "sum the squared error over dimensions, and take the mean only over the batch.",
        ),
        Mistake(
            _error(total=lambda error: error.square().sum()),
            "take the mean over the batch: divide the sum by the number of rows.",
        ),
        Mistake(
            _error(total=lambda error: error.norm(dim=1).mean()),
            "the norm is squared: no square root.",
        ),
        Mistake(
            _error(total=lambda error: error.abs().sum(dim=1).mean()),
            "squared error, not absolute error.",
        ),
        Mistake(
            _error(total=lambda error: 0.5 * error.square().sum(dim=1).mean()),
            "there is no factor ½ in this loss.",
        ),
        Mistake(
            _error(place=lambda x0, x1, t: (1 - t.T) * x0 + t.T * x1),
            "each row has its own time: t[:, None] times x, so that it is the same for all"
            " dimensions of a row.",
        ),
        Mistake(
            _error(place=lambda x0, x1, t: (1 - t).sqrt() * x0 + t.sqrt() * x1),
            "the path is straight here: x_t = (1 − t) x₀ + t x₁, without roots.",
            also=(_error(place=lambda x0, x1, t: (1 - t**2).sqrt() * x0 + t * x1),),
        ),
        Mistake(
            _error(place=lambda x0, x1, t: x0 + t * x1),
            "the noise fades on the way: (1 − t) x₀ + t x₁.",
        ),
        Mistake(
            _error(place=lambda x0, x1, t: 0.5 * (x0 + x1)),
            "that is the middle of the way for every row; each row has its own t.",
        ),
    ),
)


# guided_step: one Euler step


def _guided_inputs(generator: Generator) -> dict[str, object]:
    b, d = 4, int(torch.randint(2, 5, (), generator=generator))
    return {
        "v": _field(generator, d, 3),
        "x": randn(generator, b, d),
        "t": float(torch.rand((), generator=generator, dtype=torch.float64)),
        "y": _labels(generator, b, 3),
        "w": 1.5 + float(torch.rand((), generator=generator, dtype=torch.float64)),
        "dt": 0.1 + float(torch.rand((), generator=generator, dtype=torch.float64)) / 10,
    }


def _guided_reference(v: Affine, x: Tensor, t: float, y: Tensor, w: float, dt: float) -> np.ndarray:
    W, b = v.W.numpy(), v.b.numpy()
    place, time, label = np.split(W, [x.shape[1], x.shape[1] + 1])
    # The field is affine: what the label adds is label[y], and guidance weighs it by w.
    free = x.numpy() @ place + t * time + b
    return x.numpy() + dt * (free + w * (y.numpy() @ label))


def _step(
    mix: Callable[..., Tensor] = lambda v_y, v_0, w: v_0 + w * (v_y - v_0),
    move: Callable[..., Tensor] = lambda x, v, t, dt: x + dt * v,
    time: Callable[..., float] = lambda t, dt: t,
) -> Callable:
    def answer(v: Affine, x: Tensor, t: float, y: Tensor, w: float, dt: float) -> Tensor:
        times = torch.full((len(x),), float(time(t, dt)), dtype=x.dtype)
        return move(x, mix(_at(v, x, times, y), _at(v, x, times, 0 * y), w), t, dt)

    return answer


GUIDED_STEP = Task(
    name="guided_step",
    lesson="10",
    points=2,
    inputs=_guided_inputs,
    reference=_guided_reference,
    mistakes=(
        Mistake(
            _step(mix=lambda v_y, v_0, w: v_0 + (1 + w) * (v_y - v_0)),
            "that is the paper's convention, where w = 0 is the field of the label. Here w = 1 is.",
            also=(_step(mix=lambda v_y, v_0, w: v_y + w * (v_y - v_0)),),
        ),
        Mistake(
            _step(mix=lambda v_y, v_0, w: v_y),
            "that is the field of the label without guidance, as if w were 1.",
        ),
        Mistake(
            _step(mix=lambda v_y, v_0, w: v_0),
            "that is the field without a label, as if w were 0.",
        ),
        Mistake(
            _step(mix=lambda v_y, v_0, w: v_y + w * (v_0 - v_y)),
            "the roles are swapped: start at the field without a label, and go w times the"
            " difference towards the field with it.",
            also=(_step(mix=lambda v_y, v_0, w: v_0 - w * (v_y - v_0)),),
        ),
        Mistake(
            _step(mix=lambda v_y, v_0, w: v_0 + w * v_y),
            "only the difference of the two fields is weighed by w.",
            also=(_step(mix=lambda v_y, v_0, w: w * (v_y - v_0)),),
        ),
        Mistake(
            _step(mix=lambda v_y, v_0, w: w * v_y),
            "w weighs the difference from the field without a label, not the velocity itself.",
        ),
        Mistake(
            _step(mix=lambda v_y, v_0, w: 0.5 * (v_y + v_0)),
            "the fields are not averaged: v₀ + w · (v_y − v₀).",
        ),
        Mistake(
            _step(move=lambda x, v, t, dt: x - dt * v),
            "the step goes from noise to data, forward in time: x + dt · v.",
        ),
        Mistake(
            _step(move=lambda x, v, t, dt: x + v),
            "the step is dt long: x + dt · v.",
        ),
        Mistake(
            _step(move=lambda x, v, t, dt: v),
            "that is the velocity; return the place after the step, x + dt · v.",
            also=(_step(move=lambda x, v, t, dt: dt * v),),
        ),
        Mistake(
            _step(move=lambda x, v, t, dt: x + t * v),
            "the length of the step is dt, not t.",
        ),
        Mistake(
            _step(time=lambda t, dt: 1 - t),
            "the field is asked at the time t, not at 1 − t.",
        ),
        Mistake(
            _step(time=lambda t, dt: t + dt),
            "Euler takes the velocity at the beginning of the step, at the time t.",
            also=(_step(time=lambda t, dt: t + dt / 2),),
        ),
    ),
)


# masked_conv: the order of an autoregressive model


def _mask_inputs(generator: Generator, *, case: int = 0) -> dict[str, object]:
    size = (3, 5)[case // 2]
    return {
        "x": randn(generator, 2, 1, 7, 6),
        "weight": randn(generator, 1, 1, size, size),
        "own": case % 2,
    }


def _mask_reference(x: Tensor, weight: Tensor, own: int) -> np.ndarray:
    size = weight.shape[-1]
    before = np.arange(size * size).reshape(size, size) < size * size // 2 + own
    kernel = weight[0, 0].numpy() * before
    return np.stack([correlate2d(image, kernel, mode="same") for image in x[:, 0].numpy()])[:, None]


def _masked(seen: Callable[..., Tensor]) -> Callable:
    """A convolution whose mask is seen(row, column, own), both counted from the middle."""

    def answer(x: Tensor, weight: Tensor, own: int) -> Tensor:
        half = weight.shape[-1] // 2
        place = torch.arange(-half, half + 1)
        mask = seen(place[:, None], place[None, :], own)
        return F.conv2d(x, weight * mask, padding=half)

    return answer


def _before(row: Tensor, column: Tensor, own: int) -> Tensor:
    return (row < 0) | (row == 0) & (column < own)


MASKED_CONV = Task(
    name="masked_conv",
    lesson="10",
    points=2,
    inputs=_mask_inputs,
    reference=_mask_reference,
    cases=4,
    mistakes=(
        Mistake(
            _masked(lambda row, column, own: (row < 9) & (column < 9)),
            "there is no mask: every pixel sees those after it, too.",
        ),
        Mistake(
            _masked(lambda row, column, own: _before(row, column, 1)),
            "the pixel sees itself, also where own is 0. Then it only has to copy.",
        ),
        Mistake(
            _masked(lambda row, column, own: _before(row, column, 0)),
            "with own = 1 the pixel's own place belongs to the mask, too.",
        ),
        Mistake(
            _masked(lambda row, column, own: _before(row, column, 1 - own)),
            "the meaning of own is turned round: with own = 1 the middle stays, with own = 0 not.",
        ),
        Mistake(
            _masked(lambda row, column, own: _before(column, row, own)),
            "the order goes row by row: above are all earlier pixels, and on the left of the same"
            " row. That mask goes column by column.",
        ),
        Mistake(
            _masked(lambda row, column, own: (row < 0) | (row == 0) & (column <= 0) & (own > 9)),
            "in its own row the pixel sees those on its left, too.",
        ),
        Mistake(
            _masked(lambda row, column, own: (row <= 0) & (column < own)),
            "in the rows above, every column is earlier, also those on the right.",
            also=(
                _masked(lambda row, column, own: (row <= 0) & (column <= 0)),
                _masked(lambda row, column, own: (row < own) & (column < own)),
                _masked(
                    lambda row, column, own: (
                        (row <= 0) & (column <= 0) & ((row < 0) | (column < own))
                    )
                ),
            ),
        ),
        Mistake(
            _masked(lambda row, column, own: (row > 0) | (row == 0) & (column > -own)),
            "that mask keeps the pixels after, and drops those before.",
        ),
        Mistake(
            _masked(lambda row, column, own: (row < 0) | (row == 0) & (column > -own)),
            "in its own row the pixel sees those on its left, not on its right.",
        ),
        Mistake(
            _masked(lambda row, column, own: row <= 0),
            "the whole own row is visible; of it only the pixels on the left are earlier.",
        ),
        Mistake(
            lambda x, weight, own: _masked(_before)(x, weight.flip(2, 3), own),
            "do not flip the weights: torch.nn.functional.conv2d takes them as they are.",
            also=(
                lambda x, weight, own: _masked(_before)(x, weight.mT, own),
                lambda x, weight, own: F.conv2d(
                    x,
                    (
                        weight
                        * _before(
                            torch.arange(weight.shape[-1])[:, None] - weight.shape[-1] // 2,
                            torch.arange(weight.shape[-1])[None] - weight.shape[-1] // 2,
                            own,
                        )
                    ).flip(2, 3),
                    padding=weight.shape[-1] // 2,
                ),
            ),
        ),
    ),
)


# bits_per_dim: dequantisation


def _bits_inputs(generator: Generator) -> dict[str, object]:
    k, b, d = 3, 4, 5
    levels = int(torch.randint(4, 20, (), generator=generator))
    x = torch.randint(levels, (b, d), generator=generator)
    x[0, 0], x[1, 1] = 0, levels - 1
    return {
        "x": x,
        "u": torch.rand(k, b, d, generator=generator, dtype=torch.float64),
        "mu": torch.rand(d, generator=generator, dtype=torch.float64),
        "sigma": 0.1 + 0.3 * torch.rand(d, generator=generator, dtype=torch.float64),
        "levels": levels,
    }


def _bits_reference(x: Tensor, u: Tensor, mu: Tensor, sigma: Tensor, levels: int) -> np.ndarray:
    # In units of one bin: no rescaling, so no Jacobian.
    log2_p = norm.logpdf(x.numpy() + u.numpy(), mu.numpy() * levels, sigma.numpy() * levels)
    return -(log2_p / np.log(2)).mean(axis=(0, 2))


def _bits(
    place: Callable[..., Tensor] = lambda x, u, levels: (x + u) / levels,
    jacobian: Callable[[int], float] = math.log,
    over: Callable[[Tensor], Tensor] = lambda log_p: log_p.mean(dim=(0, 2)),
    unit: float = math.log(2),
    sign: float = -1.0,
) -> Callable:
    def answer(x: Tensor, u: Tensor, mu: Tensor, sigma: Tensor, levels: int) -> Tensor:
        density = torch.distributions.Normal(mu, sigma).log_prob(place(x, u, levels))
        return sign * over(density - jacobian(levels)) / unit

    return answer


BITS_PER_DIM = Task(
    name="bits_per_dim",
    lesson="10",
    points=3,
    inputs=_bits_inputs,
    reference=_bits_reference,
    mistakes=(
        Mistake(
            _bits(jacobian=lambda levels: 0.0),
            "the Jacobian is missing: a bin is 1/levels wide, so log levels is subtracted for every"
            " dimension.",
        ),
        Mistake(
            _bits(jacobian=lambda levels: -math.log(levels)),
            "the sign of the Jacobian: a density on [0, 1] becomes a probability of a bin by its"
            " width 1/levels, so log levels is subtracted from log p.",
        ),
        Mistake(
            _bits(place=lambda x, u, levels: x / levels + 0 * u),
            "the noise u is missing: without it there is a density at single points, which can be"
            " as large as one likes.",
            also=(_bits(place=lambda x, u, levels: (x + 0.5) / levels + 0 * u),),
        ),
        Mistake(
            _bits(place=lambda x, u, levels: (x + u - 0.5) / levels),
            "the noise fills the bin from x to x + 1: add u itself, not u − ½.",
        ),
        Mistake(
            _bits(place=lambda x, u, levels: (x + 0.5 * u) / levels),
            "the noise has to fill the whole bin, not half of it.",
        ),
        Mistake(
            _bits(
                place=lambda x, u, levels: (x + u) / (levels - 1),
                jacobian=lambda levels: math.log(levels - 1),
            ),
            "there are `levels` bins, from 0 to levels − 1; the interval [0, 1] is divided by"
            " levels.",
            also=(
                _bits(place=lambda x, u, levels: (x + u) / (levels - 1)),
                _bits(jacobian=lambda levels: math.log(levels - 1)),
            ),
        ),
        Mistake(
            _bits(place=lambda x, u, levels: x / levels + u),
            "the noise is one bin wide: add u before you divide by levels.",
        ),
        Mistake(
            _bits(unit=1.0),
            "these are nats; divide by log 2 for bits.",
            also=(
                _bits(unit=1.0, jacobian=math.log2),
                _bits(unit=1.0 / math.log(2)),
            ),
        ),
        Mistake(
            _bits(jacobian=math.log2),
            "the density is in nats and the Jacobian in bits: bring both to one unit.",
        ),
        Mistake(
            _bits(sign=1.0),
            "the sign: bits per dimension are minus the log-probability.",
        ),
        Mistake(
            _bits(over=lambda log_p: log_p.mean(dim=0).sum(dim=1)),
            "that is per image; divide by the number of dimensions.",
        ),
        Mistake(
            _bits(over=lambda log_p: log_p.sum(dim=(0, 2)) / log_p.shape[2]),
            "take the mean over the draws of noise, not their sum.",
        ),
        Mistake(
            lambda x, u, mu, sigma, levels: _bits()(x, u.mean(dim=0, keepdim=True), mu, sigma,
                                                    levels),
            "average the log-densities over the draws, not the noise itself.",
        ),
        Mistake(
            lambda x, u, mu, sigma, levels: _bits()(x, u[:1], mu, sigma, levels),
            "that uses the first draw of noise only.",
        ),
        Mistake(
            lambda x, u, mu, sigma, levels: _bits(
                over=lambda log_p: (
                    log_p.sum(dim=2).logsumexp(dim=0) - math.log(len(log_p))
                ) / log_p.shape[2]
            )(x, u, mu, sigma, levels),
            "that is the log of a mean, the tighter bound of lesson 04. Asked for is the mean of"
            " the logs.",
        ),
        Mistake(
            lambda x, u, mu, sigma, levels: _bits(
                over=lambda log_p: log_p.mean(dim=(0, 2)) + (1 - 1 / log_p.shape[2])
                * math.log(levels)
            )(x, u, mu, sigma, levels),
            "log levels is subtracted once for every dimension, not once for an image.",
        ),
        Mistake(
            lambda x, u, mu, sigma, levels: _bits()(x, u, mu, sigma.sqrt(), levels),
            "sigma is the standard deviation, not the variance.",
            also=(lambda x, u, mu, sigma, levels: _bits()(x, u, mu, sigma**2, levels),),
        ),
    ),
)  # fmt: skip

TASKS = (FLOW_MATCHING_LOSS, GUIDED_STEP, MASKED_CONV, BITS_PER_DIM)

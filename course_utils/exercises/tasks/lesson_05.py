"""Tasks of lesson 05."""

import numpy as np
import torch
from torch import Generator, Tensor
from torch.distributions import Bernoulli, Normal, kl_divergence

from course_utils.exercises.task import Mistake, Task, randn

# negative_elbo: cross-entropy plus KL, in nats per image


def _vae_inputs(generator: Generator) -> dict[str, object]:
    B, d, k = 5, 12, 3
    logits, x = 2 * randn(generator, B, d), (randn(generator, B, d) > 0).double()
    return {
        "logits": logits,
        "x": x,
        "mu": randn(generator, B, k),
        "log_var": randn(generator, B, k),
    }


def _parts(logits: Tensor, x: Tensor, mu: Tensor, log_var: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy (B,) and KL (B,), from torch.distributions."""
    cross_entropy = -Bernoulli(logits=logits).log_prob(x).sum(dim=1)
    return cross_entropy, kl_divergence(Normal(mu, (0.5 * log_var).exp()), Normal(0.0, 1.0)).sum(
        dim=1
    )


def _negative_elbo(logits: Tensor, x: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
    cross_entropy, kl = _parts(logits, x, mu, log_var)
    return (cross_entropy + kl).mean()


def _weighted(pixels: float, code: float):
    """The loss with another weight on each part."""

    def mistaken(logits: Tensor, x: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
        cross_entropy, kl = _parts(logits, x, mu, log_var)
        return (pixels * cross_entropy + code * kl).mean()

    return mistaken


def _mean_over_pixels(logits: Tensor, x: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
    return _weighted(1 / x.shape[1], 1.0)(logits, x, mu, log_var)


def _mean_over_code(logits: Tensor, x: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
    return _weighted(1.0, 1 / mu.shape[1])(logits, x, mu, log_var)


def _sigma_for_log_var(logits: Tensor, x: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
    return _negative_elbo(logits, x, mu, 2 * log_var)


def _sigmoid_twice(logits: Tensor, x: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
    return _negative_elbo(logits.sigmoid(), x, mu, log_var)


NEGATIVE_ELBO = Task(
    name="negative_elbo",
    lesson="05",
    points=2,
    inputs=_vae_inputs,
    reference=_negative_elbo,
    mistakes=(
        Mistake(
            _mean_over_pixels,
            "is the cross-entropy a mean over pixels? That is a hidden β: sum over pixels.",
        ),
        Mistake(_mean_over_code, "is the KL a mean over the code? Sum over its k numbers."),
        Mistake(
            lambda logits, x, mu, log_var: _negative_elbo(logits, x, mu, log_var) * len(x),
            "is that a sum over images? Mean over images.",
        ),
        Mistake(
            lambda logits, x, mu, log_var: _negative_elbo(logits, x, mu, log_var) / x.shape[1],
            "nats per image: do not divide by the pixels.",
        ),
        Mistake(_weighted(1.0, 2.0), "the ½ in front of the KL is missing."),
        Mistake(_weighted(1.0, 0.0), "that is the cross-entropy alone: add the KL."),
        Mistake(
            _weighted(1.0, -1.0), "the sign of the KL: it is a cost, added to the cross-entropy."
        ),
        Mistake(
            lambda logits, x, mu, log_var: -_negative_elbo(logits, x, mu, log_var),
            "that is the ELBO; return minus it.",
        ),
        Mistake(_sigma_for_log_var, "log_var is log σ², not log σ."),
        Mistake(
            lambda logits, x, mu, log_var: (
                _parts(logits, x, mu, log_var)[0].mean() / x.shape[1]
                + _parts(logits, x, mu, log_var)[1].mean() / mu.shape[1]
            ),
            "are both averaged over everything? Sum over pixels and over the code, mean over"
            " images.",
        ),
        Mistake(_sigmoid_twice, "is a sigmoid applied before a loss that expects logits?"),
    ),
)


# active_units: code numbers whose mean depends on the picture


def _unit_inputs(generator: Generator) -> dict[str, object]:
    """Two to nine active units, one of them just so, and ten to fifteen others, one of them just
    not; five have a mean.
    """
    active, others = (
        int(torch.randint(*between, (), generator=generator)) for between in ((2, 10), (10, 16))
    )
    large = 0.05 + 4 * torch.rand(active - 1, generator=generator, dtype=torch.float64)
    small = [0.007, 0.003, 0.0012, *(others - 3) * [1e-5]]
    variance = torch.tensor([0.014, *large.tolist(), *small], dtype=torch.float64)
    around = torch.tensor(
        [*active * [1.0], 0.8, 0.9, 0.0, -0.7, 1.1, 0.5, *(others - 6) * [0.0]], dtype=torch.float64
    )
    mu = randn(generator, 400, len(variance))
    mu = (mu - mu.mean(dim=0)) / mu.std(dim=0) * variance.sqrt() + around
    return {"mu": mu[:, torch.randperm(len(variance), generator=generator)]}


def _active_units(mu: Tensor) -> float:
    return float((np.var(mu.numpy(), axis=0) > 0.01).sum())


ACTIVE_UNITS = Task(
    name="active_units",
    lesson="05",
    points=1,
    inputs=_unit_inputs,
    reference=_active_units,
    mistakes=(
        Mistake(
            lambda mu: (mu.std(dim=0) > 0.01).sum(),
            "is that the standard deviation, or another threshold? Active is a *variance* above"
            " 0.01.",
        ),
        Mistake(
            lambda mu: ((mu**2).mean(dim=0) > 0.01).sum(),
            "is that a size rather than a variance? A constant mean is not activity.",
        ),
        Mistake(
            lambda mu: mu.shape[1],
            "that is the size of the code; count only the numbers that vary.",
        ),
        Mistake(
            lambda mu: (mu.var(dim=1) > 0.01).sum(),
            "the variance over the images, dim 0, for each number of the code.",
        ),
        Mistake(lambda mu: (mu.var(dim=0) <= 0.01).sum(), "these are the inactive ones."),
        Mistake(
            lambda mu: (mu.var(dim=0) > 0.01).double().mean(),
            "that is a share; return the number of units.",
        ),
    ),
)


# free_bits: a KL that is not paid for below a floor


def _cost_inputs(generator: Generator) -> dict[str, object]:
    """Three units of clear cost, three of hardly any, and two whose pictures lie on both sides of
    the floor.
    """
    level = torch.tensor([2.0, 1.5, 1.0, 0.02, 0.01, 0.05, 0.35, 0.18], dtype=torch.float64)
    size, B = (
        0.5 + torch.rand((), generator=generator, dtype=torch.float64),
        int(torch.randint(20, 40, (), generator=generator)),
    )
    kl = size * level * (0.1 + 1.8 * torch.rand(B, 8, generator=generator, dtype=torch.float64))
    return {"kl": kl[:, torch.randperm(8, generator=generator)], "floor": 0.25 * size.item()}


def _free_bits(kl: Tensor, floor: float) -> float:
    return float(sum(max(unit.mean(), floor) for unit in kl.numpy().T))


FREE_BITS = Task(
    name="free_bits",
    lesson="05",
    points=2,
    inputs=_cost_inputs,
    reference=_free_bits,
    mistakes=(
        Mistake(
            lambda kl, floor: kl.mean(dim=0).sum(),
            "that is the plain KL: the floor must hold for every unit by itself, not for their"
            " sum.",
        ),
        Mistake(
            lambda kl, floor: kl.clamp(min=floor).sum(dim=1).mean(),
            "first the mean over pictures, then the floor: a unit may cost nothing for one picture"
            " if it does for another.",
        ),
        Mistake(
            lambda kl, floor: kl.mean(dim=0).clamp(max=floor).sum(),
            "the larger of the two: cheap units are raised to the floor.",
        ),
        Mistake(
            lambda kl, floor: (kl.mean(dim=0) - floor).relu().sum(),
            "that has the same gradient, but not the value: add the floor back.",
        ),
        Mistake(
            lambda kl, floor: (kl.mean(dim=0) * (kl.mean(dim=0) > floor)).sum(),
            "a unit below the floor counts as the floor, not as 0: max(λ, mean).",
        ),
        Mistake(
            lambda kl, floor: (kl.mean(dim=0) - floor).relu().sum() + floor,
            "the floor stands in the sum once for every unit.",
        ),
        Mistake(
            lambda kl, floor: kl.mean(dim=0).clamp(min=floor).mean(),
            "sum over the units, not their mean.",
        ),
        Mistake(
            lambda kl, floor: kl.sum(dim=0).clamp(min=floor).sum(),
            "nats per picture: mean over pictures, then the floor.",
        ),
        Mistake(
            lambda kl, floor: kl.mean(dim=1).clamp(min=floor).sum(),
            "pictures are rows, units are columns: mean over dim 0.",
        ),
    ),
)

TASKS = (NEGATIVE_ELBO, ACTIVE_UNITS, FREE_BITS)

"""Tasks of lesson 01."""

import numpy as np
import torch
from scipy.spatial import cKDTree
from scipy.special import logsumexp, softmax
from sklearn.metrics import roc_auc_score
from torch import Generator, Tensor

from course_utils.exercises.task import Mistake, Task, randn

# intrinsic_dimension: maximum likelihood from the ratio of the distances to the two nearest
# neighbours


def _surface_inputs(generator: Generator) -> dict[str, object]:
    flat = int(torch.randint(2, 5, (), generator=generator))
    return {"x": randn(generator, 60, flat) @ randn(generator, flat, 6)}


def _ratios(x: Tensor) -> np.ndarray:
    distances, _ = cKDTree(x.numpy()).query(x.numpy(), k=3)
    return distances[:, 2] / distances[:, 1]


def _dimension(x: Tensor) -> float:
    return 1 / np.log(_ratios(x)).mean()


def _third_over_second(x: Tensor) -> float:
    distances, _ = cKDTree(x.numpy()).query(x.numpy(), k=4)
    return 1 / np.log(distances[:, 3] / distances[:, 2]).mean()


def _own_distance_counted(x: Tensor) -> float:
    distances, _ = cKDTree(x.numpy()).query(x.numpy(), k=2)
    with np.errstate(divide="ignore"):
        return 1 / np.log(distances[:, 1] / distances[:, 0]).mean()


INTRINSIC_DIMENSION = Task(
    name="intrinsic_dimension",
    lesson="01",
    points=2,
    inputs=_surface_inputs,
    reference=_dimension,
    mistakes=(
        Mistake(
            lambda x: -_dimension(x),
            "the sign: the ratio is the larger distance over the smaller one.",
        ),
        Mistake(
            lambda x: 1 / _dimension(x),
            "that is the mean logarithm itself; the dimension is one over it.",
        ),
        Mistake(
            lambda x: _dimension(x) / 2,
            "are those squared distances? Take the root before the ratio.",
        ),
        Mistake(
            lambda x: _dimension(x) * np.log(10),
            "is that the logarithm to base 10? Take the natural one.",
        ),
        Mistake(
            lambda x: _dimension(x) * np.log(2),
            "is that the logarithm to base 2? Take the natural one.",
        ),
        Mistake(
            lambda x: 1 / np.log(_ratios(x).mean()),
            "first the logarithm of each ratio, then the mean.",
        ),
        Mistake(
            lambda x: (1 / np.log(_ratios(x))).mean(),
            "first the mean of the logarithms, then one over it.",
        ),
        Mistake(
            _own_distance_counted,
            "each point is its own neighbour at distance 0: leave that one out.",
        ),
        Mistake(
            _third_over_second,
            "one neighbour too far: the ratio of the second to the first, without the point"
            " itself.",
        ),
    ),
)


# auc: the probability that a positive scores higher than a negative


def _score_inputs(generator: Generator) -> dict[str, object]:
    many, small = (
        int(torch.randint(*between, (), generator=generator)) for between in ((25, 40), (15, 25))
    )
    digits = randn(generator, many) + 0.7 * randn(generator, 1).abs()
    # Rounded: there are ties.
    return {
        "digits": (4 * digits).round(),
        "others": (4 * randn(generator, small)).round(),
    }


def _auc(digits: Tensor, others: Tensor) -> float:
    return roc_auc_score(np.r_[np.ones(len(digits)), np.zeros(len(others))], np.r_[digits, others])


def _pairs(digits: Tensor, others: Tensor) -> tuple[float, float]:
    """Shares of pairs that are won, and tied."""
    return (digits[:, None] > others).double().mean().item(), (
        digits[:, None] == others
    ).double().mean().item()


AUC = Task(
    name="auc",
    lesson="01",
    points=1,
    inputs=_score_inputs,
    reference=_auc,
    mistakes=(
        Mistake(
            lambda digits, others: 1 - _auc(digits, others),
            "the wrong way round: the digit should score higher.",
        ),
        Mistake(
            lambda digits, others: _pairs(digits, others)[0], "a tie counts one half, not nothing."
        ),
        Mistake(
            lambda digits, others: sum(_pairs(digits, others)),
            "a tie counts one half, not a whole win.",
        ),
        Mistake(
            lambda digits, others: 2 * _auc(digits, others) - 1,
            "wins minus losses; the AUC is the share of wins.",
        ),
        Mistake(
            lambda digits, others: _auc(digits, others) * len(digits) * len(others),
            "is that a sum? Divide by the number of pairs.",
        ),
        Mistake(
            lambda digits, others: (digits > others.median()).double().mean(),
            "every digit meets every other picture, not just the median one.",
        ),
    ),
)


# posterior: p(y|x) from log p(x|y) and P(y)


def _likelihood_inputs(generator: Generator) -> dict[str, object]:
    log_p = 3 * randn(generator, 8, 4) - 2000 + 500 * randn(generator, 8, 1)
    return {"log_p_x_given_y": log_p, "p_y": torch.softmax(randn(generator, 4), dim=0)}


def _posterior(log_p_x_given_y: Tensor, p_y: Tensor) -> np.ndarray:
    return softmax(log_p_x_given_y.numpy() + np.log(p_y.numpy()), axis=1)


def _underflow(log_p_x_given_y: Tensor, p_y: Tensor) -> Tensor:
    joint = log_p_x_given_y.exp() * p_y
    return joint / joint.sum(dim=1, keepdim=True)


POSTERIOR = Task(
    name="posterior",
    lesson="01",
    points=2,
    inputs=_likelihood_inputs,
    reference=_posterior,
    rtol=1e-3,  # single precision is fine, though it holds −2000 only to the fourth decimal
    atol=1e-3,
    mistakes=(
        Mistake(
            lambda log_p_x_given_y, p_y: softmax(log_p_x_given_y.numpy(), axis=1),
            "what about P(y)?",
        ),
        Mistake(
            lambda log_p_x_given_y, p_y: softmax(log_p_x_given_y.numpy() + p_y.numpy(), axis=1),
            "logarithms add up: log P(y), not P(y).",
        ),
        Mistake(
            lambda log_p_x_given_y, p_y: softmax(
                log_p_x_given_y.numpy() + np.log(p_y.numpy()), axis=0
            ),
            "the labels compete, not the pictures: each row must sum to 1.",
        ),
        Mistake(
            lambda log_p_x_given_y, p_y: np.log(_posterior(log_p_x_given_y, p_y)),
            "these are logarithms; return probabilities.",
        ),
        Mistake(
            lambda log_p_x_given_y, p_y: log_p_x_given_y.numpy() + np.log(p_y.numpy()),
            "that is log p(x, y); divide by p(x), its sum over the labels.",
        ),
        Mistake(
            lambda log_p_x_given_y, p_y: log_p_x_given_y.softmax(dim=1) * p_y,
            "P(y) belongs into the sum below, too: your rows do not sum to 1.",
        ),
        Mistake(
            _underflow,
            "exp(−2000) is 0 for a computer, and a negative number has no logarithm: stay with"
            " logarithms, torch.logsumexp.",
        ),
    ),
)


# assembled_log_density: log p(x|y) from a classifier and a density, without a grid


def _assembly_inputs(generator: Generator) -> dict[str, object]:
    """Three labels, far from equally frequent, and log densities below what exp can hold."""
    often = torch.tensor([2.0, 0.0, -800.0], dtype=torch.float64)
    return {
        "log_y_given_x": (2 * randn(generator, 6, 3)).log_softmax(dim=1),
        "log_p_x": 300 * randn(generator, 6) - 900,
        "log_y_given_draws": (2 * randn(generator, 50, 3) + often).log_softmax(dim=1),
    }


def _assembled(log_y_given_x: Tensor, log_p_x: Tensor, log_y_given_draws: Tensor) -> np.ndarray:
    log_P_y = logsumexp(log_y_given_draws.numpy(), axis=0, b=1 / len(log_y_given_draws))  # (C,)
    return log_y_given_x.numpy() - log_P_y + log_p_x.numpy()[:, None]


def _log_mean(log_y_given_draws: Tensor) -> Tensor:
    """log P(y), of the draws."""
    return log_y_given_draws.logsumexp(dim=0) - np.log(len(log_y_given_draws))


def _divided_by(log_P_y) -> object:
    """The assembled density with another denominator."""

    def mistaken(log_y_given_x: Tensor, log_p_x: Tensor, log_y_given_draws: Tensor) -> Tensor:
        return log_y_given_x + log_p_x[:, None] - log_P_y(log_y_given_x, log_y_given_draws)

    return mistaken


ASSEMBLED_LOG_DENSITY = Task(
    name="assembled_log_density",
    lesson="01",
    points=2,
    inputs=_assembly_inputs,
    reference=_assembled,
    rtol=1e-7,
    atol=1e-3,  # of some −900 nats
    mistakes=(
        Mistake(_divided_by(lambda x, draws: 0.0), "that is log p(x, y): P(y) is missing below."),
        Mistake(
            _divided_by(lambda x, draws: draws.logsumexp(dim=0)),
            "P(y) is a mean over the draws; this is their sum.",
        ),
        Mistake(
            _divided_by(lambda x, draws: draws.mean(dim=0)),
            "a mean of logarithms; P(y) is the mean of probabilities.",
        ),
        Mistake(
            _divided_by(lambda x, draws: x.exp().mean(dim=0).log()),
            "that averages over the given x; P(y) is an average over draws from p(x).",
        ),
        Mistake(
            _divided_by(
                lambda x, draws: (
                    draws.argmax(dim=1).bincount(minlength=3).double().div(len(draws)).log()
                )
            ),
            "that counts the draws by their likeliest label; average the probabilities themselves.",
        ),
        Mistake(
            _divided_by(lambda x, draws: draws.exp().mean(dim=0).log()),
            "a label may be so rare that exp of its logarithm is 0 for a computer: torch.logsumexp"
            " never leaves the logarithm.",
        ),
        Mistake(
            lambda log_y_given_x, log_p_x, log_y_given_draws: (
                (log_y_given_x.exp() * log_p_x.exp()[:, None]).log() - _log_mean(log_y_given_draws)
            ),
            "exp(−900) is 0 for a computer: add logarithms instead of multiplying densities.",
        ),
        Mistake(
            lambda log_y_given_x, log_p_x, log_y_given_draws: (
                log_y_given_x + log_p_x[:, None] + _log_mean(log_y_given_draws)
            ),
            "the sign of log P(y): it stands below the line.",
        ),
        Mistake(
            _divided_by(lambda x, draws: -np.log(3)),
            "the labels are not equally frequent: P(y) is not 1/C.",
        ),
        Mistake(
            lambda log_y_given_x, log_p_x, log_y_given_draws: (
                log_y_given_x - log_y_given_draws.logsumexp(dim=0) + np.log(len(log_y_given_draws))
            ),
            "where is p(x)? A classifier alone does not know which x are likely.",
        ),
        Mistake(
            lambda log_y_given_x, log_p_x, log_y_given_draws: torch.tensor(
                _assembled(log_y_given_x, log_p_x, log_y_given_draws)
            ).exp(),
            "return the logarithm: the density itself is 0 for a computer.",
        ),
    ),
)

TASKS = (INTRINSIC_DIMENSION, AUC, ASSEMBLED_LOG_DENSITY, POSTERIOR)

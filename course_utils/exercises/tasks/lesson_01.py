"""Tasks of lesson 01."""

from functools import partial

import numpy as np
import torch
from scipy.spatial import cKDTree
from scipy.special import logsumexp, softmax
from scipy.stats import rankdata
from torch import Generator, Tensor

from course_utils.exercises.task import Mistake, Task, randn

# intrinsic_dimension: maximum likelihood from the ratio of the distances to the two nearest
# neighbours


def _surface_inputs(generator: Generator) -> dict[str, object]:
    """Points on a plane that does not contain the origin; two of them are close together.

    None are closer than 0.05 by chance: `cdist` in single precision has no digits left there.
    """
    flat, n = (
        int(torch.randint(*between, (), generator=generator)) for between in ((2, 5), (50, 70))
    )
    while True:
        x = randn(generator, n, flat) @ randn(generator, flat, 6) + randn(generator, 6)
        x[-1] = x[0] + 0.1 * (x[1] - x[0]) / (x[1] - x[0]).norm()
        if torch.pdist(x).min() > 0.05:
            return {"x": x}


def _ratios(x: Tensor) -> np.ndarray:
    distances, _ = cKDTree(x.numpy()).query(x.numpy(), k=3)
    return distances[:, 2] / distances[:, 1]


def _dimension(x: Tensor) -> float:
    return 1 / np.log(_ratios(x)).mean()


def _excluded_by_value(x: Tensor) -> Tensor:
    """Leave out distances equal to 0: rounding puts others on the diagonal of `cdist`."""
    distances = torch.cdist(x, x)
    distances[distances == 0] = torch.inf
    nearest = distances.topk(2, largest=False).values
    return 1 / (nearest[:, 1] / nearest[:, 0]).log().mean()


def _by_line(x: Tensor, through_origin: bool) -> float:
    """The slope of −log(1 − F(μ)) against log μ, without the last point."""
    steps = np.log(np.sort(_ratios(x)))
    heights = -np.log(1 - np.arange(1, len(x)) / len(x))
    steps = steps[:-1]
    if through_origin:
        return steps @ heights / (steps @ steps)
    return np.polyfit(steps, heights, 1)[0]


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
    rtol=1e-3,  # single precision is fine: `cdist` has few digits for close points
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
        Mistake(
            _excluded_by_value,
            "each point's distance to itself is 0 only up to rounding: leave it out by its place"
            " (the diagonal, or the first after sorting), not by its value.",
        ),
        Mistake(
            lambda x: 1 / np.median(np.log(_ratios(x))),
            "that is one over the median of the logarithms; maximum likelihood takes their mean.",
        ),
        Mistake(
            lambda x: _by_line(x, True),
            "that is the slope of a fitted line; here the dimension is one over the mean"
            " logarithm.",
            also=(lambda x: _by_line(x, False),),
        ),
        Mistake(
            lambda x: _dimension(x) * (len(x) - 1) / len(x),
            "divide the sum of the logarithms by N, not by N − 1.",
        ),
        Mistake(
            lambda x: _dimension(x) / len(x),
            "is that one over the sum of the logarithms? Take their mean.",
        ),
    ),
)


# auc: the probability that a positive scores higher than a negative


def _score_inputs(generator: Generator, case: int = 0) -> dict[str, object]:
    """Real scores with near and exact ties; the AUC lies below ½ or above it, in turn."""
    many, small = (
        int(torch.randint(*between, (), generator=generator)) for between in ((25, 40), (15, 25))
    )
    level = 0.9 + 0.5 * torch.rand((), generator=generator, dtype=torch.float64)
    digits = 3 * randn(generator, many) + 3 * (level if case else -level)
    others = 3 * randn(generator, small)
    near = 1e-4 * (1 + torch.rand(4, generator=generator, dtype=torch.float64))
    digits[:4], others[:4] = 1.5 + near, 1.5 - near
    digits[4:9] = others[4:9] = randn(generator, 5)
    return {
        name: scores[torch.randperm(len(scores), generator=generator)]
        for name, scores in (("digits", digits), ("others", others))
    }


def _auc(digits: Tensor, others: Tensor) -> float:
    """From the ranks of the digits among all scores; the lesson compares pairs."""
    n, m = len(digits), len(others)
    ranks = rankdata(np.concatenate([digits.numpy(), others.numpy()]))  # ties: their mean rank
    return float((ranks[:n].sum() - n * (n + 1) / 2) / (n * m))


def _pairs(digits: Tensor, others: Tensor) -> tuple[float, float]:
    """The shares of pairs that the digit wins, and of ties."""
    return (digits[:, None] > others).double().mean().item(), (
        digits[:, None] == others
    ).double().mean().item()


def _on_a_grid(digits: Tensor, others: Tensor, n: int = 100) -> Tensor:
    """The area under a curve of n evenly spaced thresholds."""
    both = torch.cat([digits, others])
    thresholds = torch.linspace(both.max() + 1, both.min() - 1, n, dtype=both.dtype)
    hits, false = ((x[:, None] >= thresholds).double().mean(dim=0) for x in (digits, others))
    return torch.trapezoid(hits, false)


AUC = Task(
    name="auc",
    lesson="01",
    points=1,
    inputs=_score_inputs,
    reference=_auc,
    cases=2,
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
            "every digit meets every other image, not just the median or the mean of them.",
            also=(lambda digits, others: (digits > others.mean()).double().mean(),),
        ),
        Mistake(
            lambda digits, others: max(_auc(digits, others), 1 - _auc(digits, others)),
            "an AUC may lie below ½, where the other images score higher: return it as it is.",
        ),
        Mistake(
            lambda digits, others: torch.sigmoid(50 * (digits[:, None] - others)).mean(),
            "a pair counts 1, ½ or 0, however small the difference: no sigmoid.",
            also=tuple(
                lambda digits, others, a=a: torch.sigmoid(a * (digits[:, None] - others)).mean()
                for a in (1, 10, 100)
            ),
        ),
        Mistake(
            _on_a_grid,
            "scores are real numbers, tied only if they are equal: compare every pair, without a"
            " grid of thresholds, rounding or a tolerance.",
            also=(
                partial(_on_a_grid, n=1000),
                lambda digits, others: _auc(digits.trunc(), others.trunc()),
                lambda digits, others: _auc(digits.floor(), others.floor()),
                *(
                    lambda digits, others, n=n: _auc(
                        digits.round(decimals=n), others.round(decimals=n)
                    )
                    for n in range(4)
                ),
                *(
                    lambda digits, others, size=size: (
                        (digits[:, None] - others > size).double()
                        + ((digits[:, None] - others).abs() <= size).double() / 2
                    ).mean()
                    for size in (1e-3, 0.01)
                ),
            ),
        ),
        Mistake(
            lambda digits, others: _auc(digits, others) * len(others),
            "divide by the number of pairs, N · M, not by the number of digits alone.",
        ),
        Mistake(
            lambda digits, others: _auc(digits, others) * len(digits),
            "divide by the number of pairs, N · M, not by the number of other images alone.",
        ),
        Mistake(
            lambda digits, others: (
                (digits[: len(others)] > others).double()
                + (digits[: len(others)] == others).double() / 2
            ).mean(),
            "each digit meets every other image, not only the one at the same place: zip pairs"
            " them one to one.",
        ),
    ),
)


# posterior: p(y|x) from log p(x|y) and P(y)


def _likelihood_inputs(generator: Generator) -> dict[str, object]:
    """Log densities from −2500 to +1500 nats, in one row more than 800 nats apart.

    One label is very rare, and in one row nevertheless as likely as the others.
    """
    level = torch.tensor([-2500.0, -1200, -750, -300, -2, 300, 800, 1500], dtype=torch.float64)
    log_p = 2 * randn(generator, 8, 4) + (level + 20 * randn(generator, 8))[:, None]
    p_y = torch.softmax(
        randn(generator, 4) + torch.tensor([0.0, 0.0, 0.0, -20.0], dtype=torch.float64), dim=0
    )
    log_p[5, 3] -= p_y[3].log()
    log_p[2, 1:] -= 900
    log_p[2, 2:] -= 900
    log_p[4, 0] -= 850
    labels = torch.randperm(4, generator=generator)
    log_p = log_p[torch.randperm(8, generator=generator)]
    return {"log_p_x_given_y": log_p[:, labels], "p_y": p_y[labels]}


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
            "the labels compete, not the images: each row must sum to 1.",
        ),
        Mistake(
            lambda log_p_x_given_y, p_y: (log_p_x_given_y + p_y.log()).log_softmax(dim=1),
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
            "exp(−2000) is 0 for a computer, and exp(1500) infinite: stay with logarithms,"
            " torch.logsumexp.",
        ),
        Mistake(
            lambda log_p_x_given_y, p_y: softmax(
                -log_p_x_given_y.abs().numpy() + np.log(p_y.numpy()), axis=1
            ),
            "log p(x|y) is a density's: it may be positive, and keeps its sign.",
        ),
        Mistake(
            lambda log_p_x_given_y, p_y: softmax(
                -log_p_x_given_y.numpy() + np.log(p_y.numpy()), axis=1
            ),
            "the sign: the likelier label has the larger log p(x|y).",
        ),
        Mistake(
            lambda log_p_x_given_y, p_y: softmax(
                log_p_x_given_y.numpy() - np.log(p_y.numpy()), axis=1
            ),
            "log P(y) is added: a frequent label is likelier.",
        ),
        Mistake(
            lambda log_p_x_given_y, p_y: np.eye(4)[_posterior(log_p_x_given_y, p_y).argmax(axis=1)],
            "that says 1 for the likeliest label; return its probability, and those of the others.",
        ),
        Mistake(
            lambda log_p_x_given_y, p_y: _underflow(log_p_x_given_y - log_p_x_given_y.max(), p_y),
            "subtract the largest value of each row, not of all: images differ by thousands of"
            " nats.",
            also=(
                lambda log_p_x_given_y, p_y: (
                    (log_p_x_given_y - log_p_x_given_y.max()).exp()
                    * p_y
                    / ((log_p_x_given_y - log_p_x_given_y.max()).exp() @ p_y)[:, None].clamp(1e-300)
                ),
            ),
        ),
        Mistake(
            lambda log_p_x_given_y, p_y: softmax(
                log_p_x_given_y.clamp(-700, 700).numpy() + np.log(p_y.numpy()), axis=1
            ),
            "a clamp makes different densities equal: subtract the largest value of each row"
            " instead.",
            also=(
                lambda log_p_x_given_y, p_y: softmax(
                    log_p_x_given_y.clamp(max=0).numpy() + np.log(p_y.numpy()), axis=1
                ),
            ),
        ),
        Mistake(
            lambda log_p_x_given_y, p_y: _underflow(
                log_p_x_given_y - log_p_x_given_y.mean(dim=1, keepdim=True), p_y
            ),
            "subtract the largest value of each row, not their mean: exp of what lies 900 above"
            " the mean is infinite.",
        ),
    ),
)


# assembled_log_density: log p(x|y) from a classifier and a density, without a grid


def _assembly_inputs(generator: Generator) -> dict[str, object]:
    """Three labels of very different frequency, and log densities below and above the range of exp.

    One label is so rare that exp of its log probabilities is 0; they lie up to 1,500 nats apart.
    """
    N = int(torch.randint(40, 60, (), generator=generator))
    often = torch.tensor([2.0, 0.0, -800.0], dtype=torch.float64).repeat(N, 1)
    often[: 3 * N // 4, 2] -= 1500
    level = torch.tensor([-2000.0, -900, -20, 5, 400, 1200], dtype=torch.float64)
    log_p_x = level + 20 * randn(generator, 6)
    return {
        "log_y_given_x": (2 * randn(generator, 6, 3)).log_softmax(dim=1),
        "log_p_x": log_p_x[torch.randperm(6, generator=generator)],
        "log_y_given_draws": (2 * randn(generator, N, 3) + often).log_softmax(dim=1),
    }


def _assembled(log_y_given_x: Tensor, log_p_x: Tensor, log_y_given_draws: Tensor) -> np.ndarray:
    log_P_y = logsumexp(log_y_given_draws.numpy(), axis=0, b=1 / len(log_y_given_draws))  # (C,)
    return log_y_given_x.numpy() - log_P_y + log_p_x.numpy()[:, None]


def _log_mean(log_y_given_draws: Tensor) -> Tensor:
    """log P(y), estimated from the draws."""
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
    atol=2e-3,  # single precision is fine, though it holds −2000 only to the fourth decimal
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
            "exp(−900) is 0 for a computer, and exp(900) infinite: add logarithms instead of"
            " multiplying densities.",
        ),
        Mistake(
            _divided_by(
                lambda x, draws: (
                    (draws - draws.mean(dim=0)).exp().mean(dim=0).log() + draws.mean(dim=0)
                )
            ),
            "subtract the largest value before exp, not the mean: what lies 800 above the mean is"
            " too large for exp.",
        ),
        Mistake(
            _divided_by(lambda x, draws: draws.clamp(min=-700).exp().mean(dim=0).log()),
            "a clamp changes the probability of the rare label: stay with logarithms,"
            " torch.logsumexp.",
            also=tuple(
                lambda log_y_given_x, log_p_x, log_y_given_draws, eps=eps: (
                    log_y_given_x
                    + log_p_x[:, None]
                    - (log_y_given_draws.exp().mean(dim=0) + eps).log()
                )
                for eps in (1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-300)
            ),
        ),
        Mistake(
            _divided_by(lambda x, draws: draws.logsumexp(dim=0) - np.log(draws.shape[1])),
            "the mean is over N draws, the rows: subtract log N, not log C.",
        ),
        Mistake(
            lambda log_y_given_x, log_p_x, log_y_given_draws: (
                log_y_given_x - log_p_x[:, None] - _log_mean(log_y_given_draws)
            ),
            "log p(x) is added: log p(x|y) = log p(y|x) + log p(x) − log P(y).",
        ),
        Mistake(
            lambda log_y_given_x, log_p_x, log_y_given_draws: (
                log_y_given_x + log_p_x[:, None] + _log_mean(log_y_given_draws)
            ),
            "the sign of log P(y): it stands below the line.",
        ),
        Mistake(
            _divided_by(lambda x, draws: -np.log(3)),
            "P(y) is another number for every label, not 1/C: average over the draws, dim 0, for"
            " each label by itself.",
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


# skip_gram_loss: the mean of −log p(c|w) over pairs of words


def _pair_inputs(generator: Generator, case: int = 0) -> dict[str, object]:
    """Frequent pairs and rare ones; in the second case products of up to ±2,000."""
    words, k, many = 7, 3, int(torch.randint(20, 30, (), generator=generator))
    U, V = randn(generator, words, k), randn(generator, words, k)
    if case:
        products = (U @ V.T).abs().amax()
        U *= 2000 / products
    w, c = (torch.randint(words, (many,), generator=generator) for _ in range(2))
    w[-6:], c[-6:] = w[0], c[0]  # a pair that occurs often counts often
    if case:  # likely pairs, so that the loss is no larger than without the factor
        c = (U @ V.T)[w].argmax(dim=1)
        c[:3] = (c[:3] + 1) % words
    return {"U": U, "V": V, "w": w, "c": c}


def _log_p(U: Tensor, V: Tensor, axis: int = 1) -> np.ndarray:
    products = U.numpy() @ V.numpy().T
    return products - logsumexp(products, axis=axis, keepdims=True)


def _skip_gram(U: Tensor, V: Tensor, w: Tensor, c: Tensor, axis: int = 1) -> float:
    return -_log_p(U, V, axis)[w.numpy(), c.numpy()].mean()


def _once_per_pair(U: Tensor, V: Tensor, w: Tensor, c: Tensor) -> float:
    w, c = torch.stack([w, c]).unique(dim=1)
    return _skip_gram(U, V, w, c)


def _exp_first(U: Tensor, V: Tensor, w: Tensor, c: Tensor) -> Tensor:
    p = (U @ V.T).exp()
    return -(p / p.sum(dim=1, keepdim=True))[w, c].log().mean()


def _negative_samples(U: Tensor, V: Tensor, w: Tensor, c: Tensor) -> Tensor:
    return -torch.nn.functional.logsigmoid((U[w] * V[c]).sum(dim=1)).mean()


SKIP_GRAM_LOSS = Task(
    name="skip_gram_loss",
    lesson="01",
    points=2,
    inputs=_pair_inputs,
    reference=_skip_gram,
    rtol=1e-3,  # single precision is fine
    cases=2,
    mistakes=(
        Mistake(lambda U, V, w, c: -_skip_gram(U, V, w, c), "the sign: L is minus the mean."),
        Mistake(
            lambda U, V, w, c: _skip_gram(U, V, w, c) * len(w),
            "is that the sum over the pairs? Divide by their number N.",
            also=(lambda U, V, w, c: _skip_gram(U, V, w, c) * len(w) / len(U),),
        ),
        Mistake(
            lambda U, V, w, c: _skip_gram(U, V, w, c, axis=0),
            "the neighbours c compete for each centre word w: for every w, p(c|w) sums to 1 over"
            " all c.",
        ),
        Mistake(
            lambda U, V, w, c: _skip_gram(U, V, c, w),
            "that is p(w|c): the centre word w selects a row of U, its neighbour c a row of V.",
            also=(lambda U, V, w, c: _skip_gram(V, U, w, c),),
        ),
        Mistake(
            lambda U, V, w, c: _skip_gram(U, V, w, c) / np.log(2),
            "is that in bits? Take the natural logarithm, for nats.",
        ),
        Mistake(
            lambda U, V, w, c: -np.exp(_log_p(U, V))[w.numpy(), c.numpy()].mean(),
            "those are probabilities: take their logarithms before the mean.",
        ),
        Mistake(
            lambda U, V, w, c: -np.log(np.exp(_log_p(U, V))[w.numpy(), c.numpy()].mean()),
            "first the logarithm of each probability, then the mean over the pairs.",
        ),
        Mistake(
            _once_per_pair,
            "a pair that occurs six times counts six times: take the mean over all N pairs.",
        ),
        Mistake(
            lambda U, V, w, c: -(U @ V.T)[w, c].mean(),
            "that is the product alone; divide exp(u·v) by its sum over all neighbours.",
            also=(lambda U, V, w, c: -(U[w] * V[c]).sum(),),
        ),
        Mistake(
            lambda U, V, w, c: -_log_p(U, V).mean(),
            "take only the pairs (w, c) that occur, not all pairs of words.",
            also=(lambda U, V, w, c: -_log_p(U, V)[w.numpy()][:, c.numpy()].mean(),),
        ),
        Mistake(
            _negative_samples,
            "that is the loss with a sigmoid, as in negative sampling; here p(c|w) is a softmax"
            " over all words.",
        ),
        Mistake(
            lambda U, V, w, c: -(U[w] @ V[c].T).log_softmax(dim=1).diagonal().mean(),
            "the softmax runs over all words, not only over the neighbours in the batch.",
        ),
        Mistake(
            _exp_first,
            "exp of a product of 2,000 overflows: use log_softmax or logsumexp, and add no constant"
            " inside the logarithm.",
            also=(
                lambda U, V, w, c: (
                    -torch.tensor(np.exp(_log_p(U, V))[w.numpy(), c.numpy()] + 1e-9).log().mean()
                ),
            ),
        ),
    ),
)

TASKS = (INTRINSIC_DIMENSION, AUC, ASSEMBLED_LOG_DENSITY, POSTERIOR, SKIP_GRAM_LOSS)

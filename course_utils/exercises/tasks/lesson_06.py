"""Tasks of lesson 06."""

import numpy as np
import torch
from scipy.special import logsumexp
from sklearn.neighbors import KNeighborsClassifier
from torch import Generator, Tensor
from torch.distributions import Normal, kl_divergence
from torch.nn.functional import one_hot

from course_utils.exercises.task import Mistake, Task, randn

# under_all_labels: every code beside every one-hot label


def _code_inputs(generator: Generator) -> dict[str, object]:
    n = int(torch.randint(4, 7, (), generator=generator))
    return {"z": randn(generator, n - 1, 3), "n_classes": n}


def _under_all_labels(z: Tensor, n_classes: int) -> np.ndarray:
    return np.stack([[np.r_[code, row] for row in np.eye(n_classes)] for code in z.numpy()])


def _repeated(z: Tensor, n_classes: int) -> Tensor:
    """The codes run where the labels should, and the shape is right all the same."""
    codes = z.repeat(n_classes, 1).view(len(z), n_classes, -1)
    return torch.cat([codes, torch.eye(n_classes).expand(len(z), -1, -1)], dim=2)


def _as_number(z: Tensor, n_classes: int) -> Tensor:
    labels = torch.arange(n_classes).double()[:, None].expand(len(z), -1, -1)
    return torch.cat([z[:, None].expand(-1, n_classes, -1), labels], dim=2)


def _label_first(z: Tensor, n_classes: int) -> np.ndarray:
    return np.roll(_under_all_labels(z, n_classes), n_classes, axis=2)


UNDER_ALL_LABELS = Task(
    name="under_all_labels",
    lesson="06",
    points=1,
    inputs=_code_inputs,
    reference=_under_all_labels,
    mistakes=(
        Mistake(
            _repeated,
            "the codes are in the wrong order: row i is all code i. `repeat` and"
            " `repeat_interleave` differ.",
        ),
        Mistake(
            _as_number,
            "the label goes in as one-hot vector, not as a number: 9 is not nine times 1.",
        ),
        Mistake(_label_first, "first the code, then the label."),
        Mistake(
            lambda z, n_classes: _under_all_labels(z, n_classes).swapaxes(0, 1),
            "[code, label], not [label, code].",
        ),
        Mistake(
            lambda z, n_classes: _under_all_labels(z, n_classes).reshape(
                -1, z.shape[1] + n_classes
            ),
            "right rows; give them the shape (N, n, k + n).",
        ),
    ),
)


# nearest_labels: the vote of the k nearest neighbours


def _neighbour_inputs(generator: Generator) -> dict[str, object]:
    """Three clouds that overlap, and new codes for which one label wins the vote."""
    # No mean is a label.
    labels = torch.randint(0, 4, (), generator=generator) + 3 * torch.randperm(
        3, generator=generator
    )
    side = torch.randint(0, 3, (60,), generator=generator)
    z = (
        randn(generator, 60, 3) * torch.tensor([1.0, 3.0, 0.3], dtype=torch.float64)
        + 0.8 * side[:, None]
    )
    z_new = 1.5 * randn(generator, 400, 3) + 0.8
    k = 7 + 2 * int(torch.randint(0, 4, (), generator=generator))
    votes = (
        one_hot(side)[torch.cdist(z_new, z).topk(k, largest=False).indices]
        .sum(dim=1)
        .sort(dim=1)
        .values
    )
    return {"z": z, "y": labels[side], "z_new": z_new[votes[:, 2] > votes[:, 1]][:80], "k": k}


def _vote(z: Tensor, y: Tensor, z_new: Tensor, k: int, **options) -> np.ndarray:
    return KNeighborsClassifier(k, **options).fit(z.numpy(), y.numpy()).predict(z_new.numpy())


def _farthest(z: Tensor, y: Tensor, z_new: Tensor, k: int) -> Tensor:
    return y[torch.cdist(z_new, z).topk(k).indices].mode(dim=1).values


def _mean_label(z: Tensor, y: Tensor, z_new: Tensor, k: int) -> Tensor:
    return (
        y[torch.cdist(z_new, z).topk(k, largest=False).indices].double().mean(dim=1).round().long()
    )


def _middle_label(z: Tensor, y: Tensor, z_new: Tensor, k: int) -> Tensor:
    return y[torch.cdist(z_new, z).topk(k, largest=False).indices].median(dim=1).values


def _counts(z: Tensor, y: Tensor, z_new: Tensor, k: int) -> Tensor:
    """Which of the neighbours, not which label."""
    return torch.cdist(z_new, z).topk(k, largest=False).indices.mode(dim=1).values


NEAREST_LABELS = Task(
    name="nearest_labels",
    lesson="06",
    points=2,
    inputs=_neighbour_inputs,
    reference=_vote,
    mistakes=(
        Mistake(
            lambda z, y, z_new, k: _vote(z, y, z_new, 1),
            "that is the label of the single nearest code; let all k vote.",
        ),
        Mistake(_farthest, "these are the farthest codes: `topk(k, largest=False)`."),
        Mistake(_mean_label, "labels are names: take the most frequent one, not their mean."),
        Mistake(_middle_label, "labels are names: take the most frequent one, not the middle one."),
        Mistake(_counts, "those are the numbers of the neighbours; look up their labels, y[…]."),
        Mistake(
            lambda z, y, z_new, k: _vote(z, y, z_new, k, p=1),
            "Euclidean distance: the root of summed squares.",
        ),
        Mistake(
            lambda z, y, z_new, k: _vote(z, y, z, k),
            "vote for the new codes, z_new, among the known ones, z.",
        ),
    ),
)


# log_marginal: log p(x) from log p(x|y) and log p(y)


def _label_inputs(generator: Generator) -> dict[str, object]:
    """Bounds like those of digits, some of them below what exp can hold, and labels that are not
    alike.
    """
    given = (
        -300
        - 500 * torch.rand(6, 1, generator=generator, dtype=torch.float64)
        + 3 * randn(generator, 6, 10)
    )
    given[0] -= 900
    return {"log_px_given_y": given, "log_py": (0.7 * randn(generator, 10)).log_softmax(dim=0)}


def _log_marginal(log_px_given_y: Tensor, log_py: Tensor) -> np.ndarray:
    return logsumexp(log_px_given_y.numpy(), axis=1, b=log_py.exp().numpy())


LOG_MARGINAL = Task(
    name="log_marginal",
    lesson="06",
    points=2,
    inputs=_label_inputs,
    reference=_log_marginal,
    atol=1e-3,
    rtol=1e-7,
    mistakes=(
        Mistake(
            lambda log_px_given_y, log_py: log_px_given_y.logsumexp(dim=1),
            "weigh each label by its probability p(y).",
        ),
        Mistake(
            lambda log_px_given_y, log_py: log_px_given_y.logsumexp(dim=1) - np.log(10),
            "the labels are not alike here: log p(y) is given.",
        ),
        Mistake(
            lambda log_px_given_y, log_py: (log_px_given_y.exp() * log_py.exp()).sum(dim=1).log(),
            "exp of −1,500 is 0 for a computer. Stay with logarithms: `torch.logsumexp`.",
        ),
        Mistake(
            lambda log_px_given_y, log_py: (log_py.exp() * log_px_given_y).sum(dim=1),
            "that is the mean of the logarithms; log p(x) is the logarithm of the mean.",
        ),
        Mistake(
            lambda log_px_given_y, log_py: (log_px_given_y + log_py).amax(dim=1),
            "that is the largest term alone; sum over labels.",
        ),
        Mistake(
            lambda log_px_given_y, log_py: (log_px_given_y + log_py).log_softmax(dim=1),
            "that is log p(y|x); the sum that you divided by is asked for.",
        ),
        Mistake(
            lambda log_px_given_y, log_py: (log_px_given_y + log_py).logsumexp(dim=0),
            "sum over labels, dim 1.",
        ),
        Mistake(
            lambda log_px_given_y, log_py: (log_px_given_y - log_py).logsumexp(dim=1),
            "log p(y) is added: p(x|y) p(y).",
        ),
    ),
)


# label_prior_kl: D[Q(z|x, y) ‖ P(z|y)] of two diagonal Gaussians


def _prior_inputs(generator: Generator) -> dict[str, object]:
    B, k, n = 5, 3, 4
    return {
        "mu": randn(generator, B, k),
        "log_var": randn(generator, B, k) - 1,
        "y": torch.randint(n, (B,), generator=generator),
        "prior_mu": 2 * randn(generator, n, k),
        "prior_log_var": randn(generator, n, k),
    }


def _label_prior_kl(
    mu: Tensor, log_var: Tensor, y: Tensor, prior_mu: Tensor, prior_log_var: Tensor
) -> Tensor:
    q, p = Normal(mu, (0.5 * log_var).exp()), Normal(prior_mu[y], (0.5 * prior_log_var[y]).exp())
    return kl_divergence(q, p).sum(dim=1)


def _kl_with(terms) -> object:
    """½ Σ of other terms, functions of both means and log variances."""
    return lambda mu, log_var, y, prior_mu, prior_log_var: (
        0.5 * terms(mu, log_var, prior_mu[y], prior_log_var[y]).sum(dim=1)
    )


LABEL_PRIOR_KL = Task(
    name="label_prior_kl",
    lesson="06",
    points=3,
    inputs=_prior_inputs,
    reference=_label_prior_kl,
    mistakes=(
        Mistake(
            lambda mu, log_var, y, prior_mu, prior_log_var: kl_divergence(
                Normal(prior_mu[y], (0.5 * prior_log_var[y]).exp()),
                Normal(mu, (0.5 * log_var).exp()),
            ).sum(dim=1),
            "that is D[P ‖ Q], the other way round.",
        ),
        Mistake(
            _kl_with(lambda m, v, M, V: v.exp() + m**2 - 1 - v),
            "that is the KL to N(0, I); the prior depends on the label.",
        ),
        Mistake(
            _kl_with(lambda m, v, M, V: (v - V).exp() + (m - M) ** 2 - 1 - v + V),
            "the distance of the means counts in units of the prior's width: divide it by its"
            " variance.",
        ),
        Mistake(
            _kl_with(lambda m, v, M, V: (v - V).exp() + (m - M) ** 2 / V.exp() - 1 - v),
            "the prior's log variance is missing: log (σ_P² / σ_Q²).",
        ),
        Mistake(
            _kl_with(lambda m, v, M, V: (v - V).exp() + (m - M) ** 2 / V.exp() - v + V),
            "the −1 is missing: two equal Gaussians must give 0.",
        ),
        Mistake(
            _kl_with(lambda m, v, M, V: (v - V).exp() + (m - M) ** 2 / V.exp() - 1 + v - V),
            "the sign of the logarithm: a narrow Q is far from the prior.",
        ),
        Mistake(
            _kl_with(lambda m, v, M, V: v.exp() + (m - M) ** 2 / V.exp() - 1 - v + V),
            "Q's variance, too, counts in units of the prior's: σ_Q² / σ_P².",
            also=(_kl_with(lambda m, v, M, V: v.exp() + (m - M) ** 2 - 1 - v + V),),
        ),
        Mistake(
            _kl_with(lambda m, v, M, V: (v - V).exp() + (m - M) ** 2 / V.exp() - 1 - 2 * v + 2 * V),
            "log (σ_P / σ_Q) is half of log σ_P² − log σ_Q²: one ½ in front of everything.",
        ),
        Mistake(lambda **i: 2 * _label_prior_kl(**i), "what about the ½ in front?"),
        Mistake(
            lambda **i: _label_prior_kl(**i) / i["mu"].shape[1],
            "is that a mean over the code? Sum over its k numbers.",
        ),
        Mistake(
            lambda **i: _label_prior_kl(**i).mean(),
            "that is the mean over pictures; return one number each.",
        ),
        Mistake(
            lambda **i: _label_prior_kl(
                **{**i, "log_var": 2 * i["log_var"], "prior_log_var": 2 * i["prior_log_var"]}
            ),
            "these are log σ², not log σ.",
        ),
    ),
)

TASKS = (UNDER_ALL_LABELS, NEAREST_LABELS, LOG_MARGINAL, LABEL_PRIOR_KL)

"""Tasks of lesson 06."""

import numpy as np
import torch
from scipy.special import logsumexp
from sklearn.neighbors import KNeighborsClassifier
from torch import Generator, Tensor
from torch.distributions import Normal, kl_divergence

from course_utils.exercises.task import Mistake, Task, randn

# under_all_labels: every code joined to every one-hot label


def _code_inputs(generator: Generator) -> dict[str, object]:
    """The numbers of codes, of labels and of latent dimensions all differ."""
    n = int(torch.randint(5, 8, (), generator=generator))
    return {"z": randn(generator, n - 1, 3), "n_classes": n}


def _under_all_labels(z: Tensor, n_classes: int) -> np.ndarray:
    return np.stack([[np.r_[code, row] for row in np.eye(n_classes)] for code in z.numpy()])


def _repeated(z: Tensor, n_classes: int) -> Tensor:
    """Codes and labels in exchanged order, in an array of the right shape."""
    codes = z.repeat(n_classes, 1).view(len(z), n_classes, -1)
    return torch.cat([codes, torch.eye(n_classes).expand(len(z), -1, -1)], dim=2)


def _as_number(z: Tensor, n_classes: int) -> Tensor:
    labels = torch.arange(n_classes).double()[:, None].expand(len(z), -1, -1)
    return torch.cat([z[:, None].expand(-1, n_classes, -1), labels], dim=2)


def _label_first(z: Tensor, n_classes: int) -> np.ndarray:
    return np.roll(_under_all_labels(z, n_classes), n_classes, axis=2)


def _with_labels(labels) -> object:
    """Every code joined to other labels, (N, n, n)."""

    def mistaken(z: Tensor, n_classes: int) -> Tensor:
        codes = z[:, None].expand(-1, n_classes, -1)
        return torch.cat([codes, labels(len(z), n_classes).double()], dim=2)

    return mistaken


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
        Mistake(
            lambda z, n_classes: np.roll(_under_all_labels(z, n_classes), 1, axis=1),
            "entry [i, j] holds label j, and labels begin at 0.",
            also=(
                lambda z, n_classes: np.roll(_under_all_labels(z, n_classes), -1, axis=1),
                lambda z, n_classes: _under_all_labels(z, n_classes)[:, ::-1].copy(),
                _with_labels(lambda N, n: torch.eye(n).repeat_interleave(N, dim=0).view(N, n, n)),
                _with_labels(lambda N, n: torch.eye(n)[:N, None].expand(-1, n, -1)),
            ),
        ),
        Mistake(
            lambda z, n_classes: _under_all_labels(z, n_classes)[:, :, : z.shape[1]],
            "the label is missing: join its one-hot vector to the code.",
        ),
        Mistake(
            lambda z, n_classes: torch.cat(
                [
                    z[:, None].expand(-1, n_classes, -1),
                    torch.ones(len(z), n_classes, n_classes) / n_classes,
                ],
                dim=2,
            ),
            "each entry has one label: a one-hot vector, a row of torch.eye.",
            also=(
                lambda z, n_classes: torch.cat(
                    [
                        z[:, None].expand(-1, n_classes, -1),
                        torch.ones(len(z), n_classes, n_classes),
                    ],
                    dim=2,
                ),
                lambda z, n_classes: torch.cat(
                    [
                        z[:, None].expand(-1, n_classes, -1),
                        torch.arange(n_classes)[:, None].expand(len(z), n_classes, n_classes),
                    ],
                    dim=2,
                ),
            ),
        ),
    ),
)


# nearest_labels: the vote of the k nearest neighbours


def _neighbour_inputs(generator: Generator) -> dict[str, object]:
    """Two clouds that overlap, and new codes between them, where the vote is close.

    Rounding never decides which codes are the k nearest.
    """
    labels = torch.randperm(5, generator=generator)[:2] * 2 + torch.randint(
        2, (), generator=generator
    )
    side = (torch.rand(60, generator=generator) < 0.6).long()
    z = randn(generator, 60, 3) * torch.tensor([1.0, 3.0, 0.3]).double() + 0.8 * side[:, None]
    z_new = torch.tensor([1.5, 4.0, 0.8]).double() * randn(generator, 500, 3) + 0.4
    k = 7 + 2 * int(torch.randint(0, 4, (), generator=generator))
    distances, nearest = torch.cdist(z_new, z).topk(k + 1, largest=False)
    z_new = z_new[distances[:, k] - distances[:, k - 1] > 1e-3]
    votes = side[torch.cdist(z_new, z).topk(k, largest=False).indices].double().mean(dim=1)
    z_new = z_new[(votes - 0.5).abs().argsort()[:80]]
    z_new = z_new[torch.randperm(80, generator=generator)]
    return {"z": z, "y": labels[side], "z_new": z_new, "k": k}


def _vote(z: Tensor, y: Tensor, z_new: Tensor, k: int, **options) -> np.ndarray:
    return KNeighborsClassifier(k, **options).fit(z.numpy(), y.numpy()).predict(z_new.numpy())


def _farthest(z: Tensor, y: Tensor, z_new: Tensor, k: int) -> Tensor:
    return y[torch.cdist(z_new, z).topk(k).indices].mode(dim=1).values


def _mean_label(z: Tensor, y: Tensor, z_new: Tensor, k: int) -> Tensor:
    return (
        y[torch.cdist(z_new, z).topk(k, largest=False).indices].double().mean(dim=1).round().long()
    )


def _vote_of(nearest) -> object:
    """The vote of the codes that `nearest` chooses from all, which are sorted by distance."""

    def mistaken(z: Tensor, y: Tensor, z_new: Tensor, k: int) -> Tensor:
        return y[nearest(torch.cdist(z_new, z).argsort(dim=1), k)].mode(dim=1).values

    return mistaken


def _by_cosine(z: Tensor, y: Tensor, z_new: Tensor, k: int) -> Tensor:
    cosines = (z_new / z_new.norm(dim=1, keepdim=True)) @ (z / z.norm(dim=1, keepdim=True)).T
    return y[cosines.topk(k).indices].mode(dim=1).values


def _by_centre(z: Tensor, y: Tensor, z_new: Tensor, k: int) -> Tensor:
    labels = y.unique()
    centres = torch.stack([z[y == label].mean(dim=0) for label in labels])
    return labels[torch.cdist(z_new, centres).argmin(dim=1)]


def _counts(z: Tensor, y: Tensor, z_new: Tensor, k: int) -> Tensor:
    """The numbers of the neighbours instead of their labels."""
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
        Mistake(_counts, "those are the numbers of the neighbours; look up their labels, y[…]."),
        Mistake(
            lambda z, y, z_new, k: _vote(z, y, z_new, k, p=1),
            "Euclidean distance: the root of summed squares.",
        ),
        Mistake(
            lambda z, y, z_new, k: _vote(z, y, z, k),
            "vote for the new codes, z_new, among the known ones, z.",
        ),
        Mistake(
            lambda z, y, z_new, k: _vote(z, y, z_new, k, weights="distance"),
            "every neighbour has one vote, near or far.",
        ),
        Mistake(
            _vote_of(lambda order, k: order[:, 1 : k + 1]),
            "no new code is its own neighbour: the nearest known code votes, too.",
            also=(_vote_of(lambda order, k: order[:, 1:k]),),
        ),
        Mistake(
            _vote_of(lambda order, k: order[:, : k - 1]),
            "that is one neighbour too few: k of them.",
        ),
        Mistake(
            _vote_of(lambda order, k: order[:, : k + 1]),
            "that is one neighbour too many: k of them.",
        ),
        Mistake(
            _by_cosine, "Euclidean distance, not the angle: the length of a code matters, too."
        ),
        Mistake(
            _by_centre,
            "that is the label of the nearer centre; the k nearest codes vote one by one.",
        ),
        Mistake(
            lambda z, y, z_new, k: _vote(z / z.std(dim=0), y, z_new / z.std(dim=0), k),
            "Euclidean distance of the codes as they are: do not standardize them.",
        ),
        Mistake(
            lambda z, y, z_new, k: _vote(z, y, z_new, k, p=np.inf),
            "Euclidean distance, not the largest difference of a coordinate.",
        ),
    ),
)


# log_marginal: log p(x) from log p(x|y) and log p(y)


def _label_inputs(generator: Generator) -> dict[str, object]:
    """Bounds like those of digits, some below the range of exp.

    In two rows the labels lie more than 800 nats apart. One label is very rare, and yet counts in
    one row.
    """
    level = torch.tensor([-1500.0, -900, -760, -400, -120, -100], dtype=torch.float64)
    given = (level + 10 * randn(generator, 6))[:, None] + 3 * randn(generator, 6, 10)
    log_py = 0.7 * randn(generator, 10)
    log_py[9] -= 30
    log_py = log_py.log_softmax(dim=0)
    given[3, 9] -= log_py[9]
    given[4, :8] -= 1300
    given[1, :4] -= 1000
    labels = torch.randperm(10, generator=generator)
    given = given[torch.randperm(6, generator=generator)]
    return {"log_px_given_y": given[:, labels], "log_py": log_py[labels]}


def _log_marginal(log_px_given_y: Tensor, log_py: Tensor) -> np.ndarray:
    return logsumexp(log_px_given_y.numpy(), axis=1, b=log_py.exp().numpy())


def _logsumexp_from(terms: Tensor, level: Tensor) -> Tensor:
    """The formula with `level` subtracted before exp and added back after log."""
    level = level.expand(len(terms), 1)
    return ((terms - level).exp().sum(dim=1, keepdim=True).log() + level).squeeze(1)


LOG_MARGINAL = Task(
    name="log_marginal",
    lesson="06",
    points=2,
    inputs=_label_inputs,
    reference=_log_marginal,
    atol=1e-3,  # single precision is fine, though it holds −1500 only to the fourth decimal
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
            also=(
                lambda log_px_given_y, log_py: (
                    log_px_given_y.amax(dim=1) + log_py[log_px_given_y.argmax(dim=1)]
                ),
                lambda log_px_given_y, log_py: log_px_given_y.amax(dim=1),
            ),
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
        Mistake(
            lambda log_px_given_y, log_py: (log_px_given_y + log_py.exp()).logsumexp(dim=1),
            "logarithms add up: log p(y) as it is given, not p(y).",
        ),
        Mistake(
            lambda log_px_given_y, log_py: (log_px_given_y + log_py).sum(dim=1),
            "that is the logarithm of a product; p(x) is a sum over labels.",
        ),
        Mistake(
            lambda log_px_given_y, log_py: (log_px_given_y + log_py).logsumexp(dim=1) - np.log(10),
            "p(y) weighs the labels already: no further division by their number.",
        ),
        Mistake(
            lambda log_px_given_y, log_py: _logsumexp_from(
                log_px_given_y + log_py, log_px_given_y.max()
            ),
            "subtract the largest term of each row, not of all: images differ by hundreds of nats.",
        ),
        Mistake(
            lambda log_px_given_y, log_py: _logsumexp_from(
                log_px_given_y + log_py, log_px_given_y.mean(dim=1, keepdim=True)
            ),
            "exp of a term that lies 1,000 above the mean is infinite: subtract the largest term of"
            " each row, or use `torch.logsumexp`.",
            also=(
                lambda log_px_given_y, log_py: _logsumexp_from(
                    log_px_given_y + log_py, log_px_given_y.median(dim=1, keepdim=True).values
                ),
            ),
        ),
        Mistake(
            lambda log_px_given_y, log_py: (log_px_given_y + log_py).logsumexp(dim=1).mean(),
            "that is the mean over images; return one number each.",
        ),
        Mistake(
            lambda log_px_given_y, log_py: (log_px_given_y + log_py).logsumexp(dim=1).exp(),
            "return the logarithm: p(x) itself is 0 for a computer.",
        ),
        Mistake(
            lambda log_px_given_y, log_py: (
                (log_px_given_y.exp() * log_py.exp()).sum(dim=1) + 1e-12
            ).log(),
            "clamp or + ε hide what is 0 for a computer: stay with logarithms, `torch.logsumexp`.",
            also=tuple(
                lambda log_px_given_y, log_py, eps=eps: (
                    (log_px_given_y.exp() * log_py.exp()).sum(dim=1) + eps
                ).log()
                for eps in (1e-6, 1e-7, 1e-8, 1e-10, 1e-300)
            ),
        ),
    ),
)


# label_prior_kl: D[Q(z|x, y) ‖ P(z|y)] of two diagonal Gaussians


def _prior_inputs(generator: Generator) -> dict[str, object]:
    """In one row Q is the prior of its label; some variances are far from 1."""
    B, k, n = 6, 3, 4
    y = torch.tensor([0, 0, 1, 2, 2, 3])[torch.randperm(B, generator=generator)]
    mu, log_var = randn(generator, B, k), randn(generator, B, k) - 1
    prior_mu, prior_log_var = 2 * randn(generator, n, k), randn(generator, n, k)
    prior_log_var[:2, 0] = torch.tensor([-5.5, 4.0], dtype=torch.float64)
    mu[0], log_var[0] = prior_mu[y[0]], prior_log_var[y[0]]
    log_var[1:3, 1] = torch.tensor([-12.0, 4.0], dtype=torch.float64)
    log_var[3, 2] = -25.0
    rows = torch.randperm(B, generator=generator)
    return {
        "mu": mu[rows],
        "log_var": log_var[rows],
        "y": y[rows],
        "prior_mu": prior_mu,
        "prior_log_var": prior_log_var,
    }


def _label_prior_kl(
    mu: Tensor, log_var: Tensor, y: Tensor, prior_mu: Tensor, prior_log_var: Tensor
) -> Tensor:
    q, p = (
        Normal(mean, (0.5 * log_variance).exp(), validate_args=False)
        for mean, log_variance in ((mu, log_var), (prior_mu[y], prior_log_var[y]))
    )
    return kl_divergence(q, p).sum(dim=1)


def _kl_with(terms) -> object:
    """½ Σ of other terms, as functions of both means and log variances."""
    return lambda mu, log_var, y, prior_mu, prior_log_var: (
        0.5 * terms(mu, log_var, prior_mu[y], prior_log_var[y]).sum(dim=1)
    )


LABEL_PRIOR_KL = Task(
    name="label_prior_kl",
    lesson="06",
    points=3,
    inputs=_prior_inputs,
    reference=_label_prior_kl,
    atol=1e-5,
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
            also=(
                _kl_with(lambda m, v, M, V: v.exp() + (m - M) ** 2 - 1 - v + V),
                _kl_with(lambda m, v, M, V: v.exp() - V.exp() + (m - M) ** 2 / V.exp() - v + V),
                _kl_with(lambda m, v, M, V: v.exp() - V.exp() + (m - M) ** 2 / V.exp() - 1 - v + V),
                _kl_with(lambda m, v, M, V: v.exp() - V.exp() + (m - M) ** 2 - v + V),
            ),
        ),
        Mistake(
            _kl_with(lambda m, v, M, V: (v - V).exp() + m**2 / V.exp() - 1 - v + V),
            "the prior's mean is missing: (μ − μ_P)².",
        ),
        Mistake(
            _kl_with(lambda m, v, M, V: (v - V).exp() + (m - M) / V.exp() - 1 - v + V),
            "the difference of the means is squared.",
        ),
        Mistake(
            _kl_with(lambda m, v, M, V: (v - V).exp() - 1 - v + V),
            "the distance of the means is missing: (μ − μ_P)² / σ_P².",
        ),
        Mistake(
            _kl_with(
                lambda m, v, M, V: (v - V).exp() + (m - M) ** 2 / V.mul(0.5).exp() - 1 - v + V
            ),
            "divide the squared difference by σ_P², not by σ_P.",
        ),
        Mistake(
            _kl_with(lambda m, v, M, V: (v - V).exp() + (m - M) ** 2 / v.exp() - 1 - v + V),
            "divide the squared difference by the prior's variance, not by Q's.",
        ),
        Mistake(
            lambda mu, log_var, y, prior_mu, prior_log_var: _label_prior_kl(
                mu, log_var, torch.zeros_like(y), prior_mu, prior_log_var
            ),
            "each image has the prior of its own label: prior_mu[y].",
            also=(
                lambda mu, log_var, y, prior_mu, prior_log_var: _label_prior_kl(
                    mu, log_var, torch.arange(len(mu)) % len(prior_mu), prior_mu, prior_log_var
                ),
                lambda mu, log_var, y, prior_mu, prior_log_var: _label_prior_kl(
                    mu,
                    log_var,
                    torch.zeros_like(y),
                    prior_mu.mean(dim=0, keepdim=True),
                    prior_log_var.mean(dim=0, keepdim=True),
                ),
            ),
        ),
        Mistake(
            lambda **i: _label_prior_kl(**{**i, "log_var": i["log_var"].clamp(-10, 10)}),
            "no clamp of log σ²: a narrow Q costs what it costs.",
            also=(
                lambda **i: _label_prior_kl(**{**i, "log_var": i["log_var"].clamp(-5, 5)}),
                lambda **i: _label_prior_kl(**{**i, "log_var": i["log_var"].clamp(-20, 20)}),
            ),
        ),
        Mistake(
            _kl_with(lambda m, v, M, V: (v - V).exp() + (m - M) ** 2 / V.exp() - 1 - 2 * v + 2 * V),
            "log (σ_P / σ_Q) is half of log σ_P² − log σ_Q²: one ½ in front of everything.",
        ),
        Mistake(lambda **i: 2 * _label_prior_kl(**i), "what about the ½ in front?"),
        Mistake(
            lambda **i: _label_prior_kl(**i) / i["mu"].shape[1],
            "is that a mean over the latent dimensions? Sum over all k.",
        ),
        Mistake(
            lambda **i: _label_prior_kl(**i).mean(),
            "that is the mean over images; return one number each.",
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

"""Tasks of lesson 04."""

import math

import numpy as np
import torch
from scipy.special import logsumexp
from torch import Generator, Tensor
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from course_utils.exercises.task import Mistake, Part, Task, randn

# gaussian_kl: D[N(μ, Σ) ‖ N(0, I)] for a full covariance


def _gaussian_inputs(generator: Generator, case: int = 0) -> dict[str, object]:
    """In turn: so many dimensions that the determinant is 0, and two to five correlated ones."""
    between = ((60, 70), (2, 6))[case]
    k = int(torch.randint(*between, (), generator=generator))
    A = randn(generator, k, k)
    if case == 0:
        Sigma = 1e-6 * (A @ A.T / k + 0.5 * torch.eye(k, dtype=torch.float64))
    else:
        Sigma = A @ A.T + 0.05 * torch.eye(k, dtype=torch.float64)
        Sigma += 2 * Sigma.diagonal().mean()
    return {"mu": randn(generator, k), "Sigma": Sigma}


def _gaussians(mu: Tensor, Sigma: Tensor) -> tuple[MultivariateNormal, MultivariateNormal]:
    """N(μ, Σ) and N(0, I)."""
    one = torch.eye(len(mu), dtype=mu.dtype)
    return (
        MultivariateNormal(mu, Sigma, validate_args=False),
        MultivariateNormal(torch.zeros_like(mu), scale_tril=one, validate_args=False),
    )


def _gaussian_kl(mu: Tensor, Sigma: Tensor) -> float:
    return kl_divergence(*_gaussians(mu, Sigma)).item()


def _terms(mu: Tensor, Sigma: Tensor) -> tuple[float, float, int, float]:
    return Sigma.trace().item(), (mu @ mu).item(), len(mu), torch.logdet(Sigma).item()


def _sum(trace: float, square: float, k: float, log_det: float) -> float:
    return 0.5 * (trace + square - k - log_det)


def _diagonal(mu: Tensor, Sigma: Tensor) -> float:
    trace, square, k, _ = _terms(mu, Sigma)
    return _sum(trace, square, k, Sigma.diagonal().log().sum().item())


def _other_way(mu: Tensor, Sigma: Tensor) -> float:
    Q, P = _gaussians(mu, Sigma)
    return kl_divergence(P, Q).item()


def _without(position: int, sign: float = 0.0):
    """The formula with one term left out, or with its sign changed."""

    def mistaken(mu: Tensor, Sigma: Tensor) -> float:
        terms = list(_terms(mu, Sigma))
        terms[position] *= sign
        return _sum(*terms)

    return mistaken


GAUSSIAN_KL = Task(
    name="gaussian_kl",
    lesson="04",
    points=2,
    inputs=_gaussian_inputs,
    reference=_gaussian_kl,
    cases=2,
    mistakes=(
        Mistake(lambda mu, Sigma: 2 * _gaussian_kl(mu, Sigma), "what about the ½ in front?"),
        Mistake(
            _without(2),
            "the dimension k is missing: without it the KL of N(0, I) to itself is not 0.",
        ),
        Mistake(_without(1), "the squared length of μ is missing."),
        Mistake(
            lambda mu, Sigma: _sum(*_terms(mu, Sigma)[:3], 1.0),
            "torch.linalg.slogdet gives a pair: the sign, and then log |det|, `.logabsdet`.",
        ),
        Mistake(
            lambda mu, Sigma: _sum(
                Sigma.trace().item(), (mu @ mu).item(), 1, torch.logdet(Sigma).item()
            ),
            "−1 is for one number; Σ has k of them.",
        ),
        Mistake(_without(3), "log det Σ is missing."),
        Mistake(
            _without(3, -1.0),
            "the sign of log det Σ: a narrow Q is far from the prior, so it counts negatively.",
        ),
        Mistake(
            lambda mu, Sigma: _sum(*_terms(mu, Sigma)[:3], torch.det(Sigma).item()),
            "take the logarithm of the determinant.",
        ),
        Mistake(
            lambda mu, Sigma: _sum(*_terms(mu, Sigma)[:3], torch.linalg.det(Sigma).log().item()),
            "in many dimensions the determinant itself is 0 or infinite for a computer:"
            " torch.linalg.slogdet gives its logarithm.",
            also=(
                lambda mu, Sigma: _sum(
                    *_terms(mu, Sigma)[:3], torch.linalg.eigvalsh(Sigma).prod().log().item()
                ),
            ),
        ),
        Mistake(
            lambda mu, Sigma: _sum(
                *_terms(mu, Sigma)[:3], torch.linalg.det(Sigma).clamp(min=1e-12).log().item()
            ),
            "clamp or + ε change a small determinant: torch.linalg.slogdet gives its logarithm.",
            also=tuple(
                lambda mu, Sigma, eps=eps: _sum(
                    *_terms(mu, Sigma)[:3], (torch.linalg.det(Sigma) + eps).log().item()
                )
                for eps in (1e-6, 1e-8, 1e-10, 1e-12, 1e-300)
            ),
        ),
        Mistake(
            lambda mu, Sigma: _sum(*_terms(mu, Sigma)[:3], torch.logdet(Sigma).item() / 2),
            "log det Σ, the whole of it: with a Cholesky factor L it is 2 Σ log L_ii.",
        ),
        Mistake(
            lambda mu, Sigma: _sum(
                *_terms(mu, Sigma)[:3], torch.logdet(Sigma).item() / math.log(10)
            ),
            "is that the logarithm to base 10? Take the natural one.",
        ),
        Mistake(
            lambda mu, Sigma: _sum(
                Sigma.trace().item(), mu.sum().item() ** 2, *_terms(mu, Sigma)[2:]
            ),
            "μᵀμ is the sum of the squares, not the square of the sum.",
            also=(
                lambda mu, Sigma: _sum(
                    Sigma.trace().item(), mu.norm().item(), *_terms(mu, Sigma)[2:]
                ),
            ),
        ),
        Mistake(
            lambda mu, Sigma: _sum(Sigma.sum().item(), *_terms(mu, Sigma)[1:]),
            "tr Σ is the sum of the diagonal, not of all entries.",
        ),
        Mistake(_without(0), "tr Σ is missing."),
        Mistake(_without(2, -1.0), "the sign of k: it is subtracted."),
        Mistake(
            lambda mu, Sigma: -_gaussian_kl(mu, Sigma),
            "the sign: a KL divergence is never negative.",
        ),
        Mistake(
            _diagonal, "that is the log of the diagonal alone; Σ is full, so take its determinant."
        ),
        Mistake(_other_way, "that is D[N(0, I) ‖ N(μ, Σ)], the other way round."),
        Mistake(
            lambda mu, Sigma: _gaussian_kl(mu, Sigma) / len(mu),
            "is that a mean over the k coordinates? Sum them.",
        ),
    ),
)


# score_gradient: the gradient of E_Q[f(z)] from draws, without differentiating f


def _score_inputs(generator: Generator) -> dict[str, object]:
    """Variances from far below 1 to far above; values f of either sign."""
    k, n = (int(torch.randint(*between, (), generator=generator)) for between in ((3, 6), (18, 26)))
    mu, log_var = randn(generator, k), randn(generator, k)
    log_var[:2] = torch.tensor([-6.5, 4.0], dtype=torch.float64) + 0.3 * log_var[:2]
    return {
        "f": 2 + 3 * randn(generator, n),
        "z": mu + (0.5 * log_var).exp() * randn(generator, n, k),
        "mu": mu,
        "log_var": log_var,
    }


def _score_gradient(f: Tensor, z: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
    """From PyTorch's own density, by automatic differentiation."""
    mu, log_var = mu.clone().requires_grad_(), log_var.clone().requires_grad_()
    log_q = Normal(mu, (0.5 * log_var).exp()).log_prob(z).sum(dim=1)
    gradients = torch.autograd.grad((f * log_q).mean(), (mu, log_var))
    return torch.stack(gradients).detach()


def _scored(
    f=lambda f: f,
    mu=lambda c, v: c / v,
    log_var=lambda c, v: 0.5 * (c**2 / v - 1),
    mean=lambda x: x.mean(dim=0),
    variance=torch.exp,
) -> object:
    """Other weights f, or other scores, as functions of c = z − μ and the variance v."""

    def mistaken(f_, z, mu_, log_var_):
        c, v = z - mu_, variance(log_var_)
        return torch.stack([mean(f(f_)[:, None] * score(c, v)) for score in (mu, log_var)])

    return lambda f, z, mu, log_var: mistaken(f, z, mu, log_var)


SCORE_GRADIENT = Task(
    name="score_gradient",
    lesson="04",
    points=3,
    inputs=_score_inputs,
    reference=_score_gradient,
    rtol=1e-3,
    atol=1e-2,  # single precision is fine: z − μ loses digits where σ is small
    parts=(Part("row 0, by μ", 1, 0, 1), Part("row 1, by log σ²", 2, 1)),
    mistakes=(
        Mistake(_scored(f=lambda f: f - f.mean()), "no baseline here: take f as it is given."),
        Mistake(
            _scored(f=lambda f: torch.ones_like(f)), "the value f belongs in front of the score."
        ),
        Mistake(
            _scored(mu=lambda c, v: c / v.sqrt()), "divide by σ², not by σ; and log_var is log σ²."
        ),
        Mistake(
            _scored(mu=lambda c, v: c / v**2, log_var=lambda c, v: 0.5 * (c**2 / v**2 - 1)),
            "log_var is log σ²: its exponential is the variance itself, not σ.",
        ),
        Mistake(_scored(mu=lambda c, v: c), "the score of μ is (z − μ) / σ²."),
        Mistake(
            _scored(mu=lambda c, v: -c / v), "the sign: a larger μ makes draws above μ more likely."
        ),
        Mistake(
            _scored(log_var=lambda c, v: 0.5 * c**2 / v),
            "log Q also has −½ log σ²: its derivative is −½.",
        ),
        Mistake(
            _scored(log_var=lambda c, v: c**2 / v - 1),
            "that is the derivative by log σ; by log σ² it is half of that.",
        ),
        Mistake(
            _scored(log_var=lambda c, v: 0.5 * (c**2 / v**2 - 1 / v)),
            "that is the derivative by σ²; by log σ² it is σ² times that.",
        ),
        Mistake(
            _scored(log_var=lambda c, v: 0.5 * (1 - c**2 / v)),
            "the sign: draws far from μ are likelier under a larger σ².",
        ),
        Mistake(
            _scored(mean=lambda x: x.sum(dim=0)), "is that a sum over the draws? Take the mean."
        ),
        Mistake(
            _scored(mean=lambda x: x.sum(dim=0) / (len(x) - 1)),
            "divide by the number of draws, n, not by n − 1.",
        ),
        Mistake(
            _scored(log_var=lambda c, v: c**2 / v**1.5 - 1 / v.sqrt()),
            "that is the derivative by σ; by log σ² it is σ / 2 times that.",
        ),
        Mistake(
            _scored(log_var=lambda c, v: 0.5 * (c**2 - 1)),
            "the deviation counts in units of σ: (z − μ)² / σ², minus 1.",
        ),
        Mistake(
            _scored(log_var=lambda c, v: 0.5 * (c / v - 1)),
            "the deviation is squared: (z − μ)² / σ², minus 1.",
        ),
        Mistake(
            _scored(variance=lambda log_var: log_var.exp().clamp(min=0.1)),
            "no clamp: a variance may be small, and its inverse large.",
            also=tuple(
                _scored(variance=lambda log_var, least=least: log_var.exp().clamp(min=least))
                for least in (0.01, 0.5, 1.0)
            )
            + tuple(
                _scored(variance=lambda log_var, eps=eps: log_var.exp() + eps)
                for eps in (0.1, 0.01, 1e-3, 1e-4)
            ),
        ),
        Mistake(
            _scored(variance=lambda log_var: log_var),
            "log_var is the logarithm of the variance: take its exponential.",
        ),
        Mistake(
            _scored(mean=lambda x: -x.mean(dim=0)),
            "the sign: this is the gradient of E[f] itself, not of a loss.",
        ),
        Mistake(
            lambda f, z, mu, log_var: f.mean() * _scored(f=torch.ones_like)(f, z, mu, log_var),
            "first multiply each draw's score by its own f, then average.",
        ),
        Mistake(
            lambda f, z, mu, log_var: _score_gradient(f, z, mu, log_var).flip(0),
            "row 0 is the gradient by μ, row 1 by log σ².",
        ),
    ),
)


# importance_weighted_bound: mean over images of log mean exp over draws


def _weight_inputs(generator: Generator) -> dict[str, object]:
    """Log weights that differ widely between images and between the draws of one image.

    The first draw is low, and there are never as many draws as images.
    """
    K = int(torch.randint(7, 12, (), generator=generator))
    size = torch.tensor([-1500.0, -800.0, 0.0, 800.0, 1500.0], dtype=torch.float64)
    log_w = 2 * randn(generator, K, 5) + size + 50 * randn(generator, 5)
    log_w[: K - 2, 0] -= 1500
    log_w[: K - 2, 3] -= 1200
    return {"log_w": log_w[:, torch.randperm(5, generator=generator)]}


def _bound(log_w: Tensor) -> float:
    return float(np.mean(logsumexp(log_w.numpy(), axis=0, b=1 / len(log_w))))


def _shifted_by(level) -> object:
    """The formula with something subtracted before exp and added back after log."""

    def mistaken(log_w: Tensor) -> Tensor:
        c = level(log_w)
        return ((log_w - c).exp().mean(dim=0).log() + c).mean()

    return mistaken


IMPORTANCE_WEIGHTED_BOUND = Task(
    name="importance_weighted_bound",
    lesson="04",
    points=2,
    inputs=_weight_inputs,
    reference=_bound,
    rtol=1e-6,
    atol=1e-3,  # single precision is fine, though it holds 1500 only to the fourth decimal
    mistakes=(
        Mistake(
            lambda log_w: log_w.mean(),
            "that is the ELBO, K = 1: average the weights, then take the logarithm.",
        ),
        Mistake(
            lambda log_w: log_w.logsumexp(dim=0).mean(),
            "the sum over K is not yet a mean: subtract log K.",
        ),
        Mistake(
            lambda log_w: (log_w.logsumexp(dim=1) - math.log(log_w.shape[1])).mean(),
            "the draws are the rows: average over dim 0, then over the images.",
        ),
        Mistake(
            lambda log_w: log_w.exp().mean(dim=0).log().mean(),
            "exp(−1500) is 0 for a computer, and exp(1500) infinite, also after something other"
            " than the largest value of each image was subtracted: use torch.logsumexp.",
            also=(
                _shifted_by(lambda log_w: log_w.mean(dim=0)),
                _shifted_by(lambda log_w: log_w.median(dim=0).values),
                _shifted_by(lambda log_w: log_w[0]),
                _shifted_by(lambda log_w: log_w.amin(dim=0)),
                lambda log_w: log_w.clamp(-700, 700).exp().mean(dim=0).log().mean(),
                lambda log_w: (log_w.exp().mean(dim=0) + 1e-12).log().mean(),
            ),
        ),
        Mistake(
            _shifted_by(lambda log_w: log_w.max()),
            "subtract the largest value of each image, not of all: other images lie thousands"
            " of nats lower.",
        ),
        Mistake(
            lambda log_w: (log_w.softmax(dim=0) * log_w).sum(dim=0).mean(),
            "that is a mean of logarithms, weighted; take the logarithm of the mean weight.",
        ),
        Mistake(
            lambda log_w: -_bound(log_w), "the sign: that is a loss; the bound itself is asked for."
        ),
        Mistake(
            lambda log_w: (log_w.logsumexp(dim=0) - math.log(log_w.shape[1])).mean(),
            "subtract log K: the draws are the rows, len(log_w) of them.",
        ),
        Mistake(
            lambda log_w: log_w.logsumexp(dim=0) - math.log(len(log_w)),
            "one bound per image; return their mean.",
        ),
        Mistake(
            lambda log_w: log_w.amax(dim=0).mean(),
            "that is the largest weight alone.",
            also=(lambda log_w: log_w.amax(dim=0).mean() - math.log(len(log_w)),),
        ),
        Mistake(
            lambda log_w: log_w.flatten().logsumexp(dim=0) - math.log(log_w.numel()),
            "one bound per image, then their mean: do not average the weights of different images.",
        ),
        Mistake(
            lambda log_w: (log_w.logsumexp(dim=0) - math.log(len(log_w))).sum(),
            "is that a sum over images? Take the mean.",
        ),
    ),
)

TASKS = (GAUSSIAN_KL, SCORE_GRADIENT, IMPORTANCE_WEIGHTED_BOUND)

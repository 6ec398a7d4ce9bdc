"""Tasks of lesson 04."""

import math

import numpy as np
import torch
from scipy.special import logsumexp
from torch import Generator, Tensor
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from course_utils.exercises.task import Affine, Mistake, Part, Task, randn

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


# reparametrized_elbo: the bound of a batch, with noise as an argument


def _elbo_inputs(generator: Generator) -> dict[str, object]:
    """Variances from far below 1 to above it, noise of the pixels below and above 1; all sizes
    differ.
    """
    B, k, d, n = 5, 3, 7, 4
    log_var = randn(generator, B, k)
    log_var[0] -= 3
    log_var[1] += 1
    mu = randn(generator, B, k)
    D = Affine(randn(generator, k, d), randn(generator, d))
    var_x = 0.2 + 0.3 * torch.rand((), generator=generator, dtype=torch.float64).item()
    X = D(mu) + randn(generator, B, d)
    eps = randn(generator, n, B, k)
    return {"D": D, "X": X, "mu": mu, "log_var": log_var, "eps": eps, "var_x": var_x}


def _elbo_reference(
    D: Affine, X: Tensor, mu: Tensor, log_var: Tensor, eps: Tensor, var_x: float
) -> float:
    """Image by image and sample by sample, with PyTorch's own densities."""
    total = 0.0
    for i, image in enumerate(X):
        std = log_var[i].exp().sqrt()
        noise = var_x * torch.eye(len(image), dtype=X.dtype)
        terms = [
            MultivariateNormal(D(mu[i] + std * each[i]), noise).log_prob(image) for each in eps
        ]
        kl = kl_divergence(Normal(mu[i], std), Normal(torch.zeros_like(std), 1.0)).sum()
        total += (sum(terms) / len(terms) - kl).item()
    return total / len(X)


def _elbo_with(
    sample=lambda mu, log_var, eps: mu + (0.5 * log_var).exp() * eps,
    error=lambda difference: (difference**2).sum(dim=-1),
    likelihood=lambda error, d, v: -0.5 * (error / v + d * math.log(2 * math.pi * v)),
    kl=lambda mu, log_var: 0.5 * (log_var.exp() + mu**2 - 1 - log_var).sum(dim=-1),
    over_samples=lambda term: term.mean(dim=0),
    over_images=lambda bound: bound.mean(),
) -> object:
    """The bound with another way to take one of its steps."""

    def mistaken(D, X, mu, log_var, eps, var_x):
        differences = X - D(sample(mu, log_var, eps))
        term = likelihood(error(differences), X.shape[1], var_x)
        return over_images(over_samples(term) - kl(mu, log_var))

    return lambda D, X, mu, log_var, eps, var_x: mistaken(D, X, mu, log_var, eps, var_x)


def _sampled_kl(D, X, mu, log_var, eps, var_x):
    z = mu + (0.5 * log_var).exp() * eps
    log_ratio = (0.5 * (z**2 - eps**2 - log_var)).sum(dim=-1)  # log Q − log P
    term = MultivariateNormal(D(z), var_x * torch.eye(X.shape[1], dtype=X.dtype)).log_prob(X)
    return (term - log_ratio).mean()


REPARAMETRIZED_ELBO = Task(
    name="reparametrized_elbo",
    lesson="04",
    points=3,
    inputs=_elbo_inputs,
    reference=_elbo_reference,
    rtol=1e-5,
    atol=1e-4,
    mistakes=(
        Mistake(_elbo_with(kl=lambda mu, log_var: 0 * mu[:, 0]), "where is the KL term?"),
        Mistake(
            _elbo_with(
                kl=lambda mu, log_var: -0.5 * (log_var.exp() + mu**2 - 1 - log_var).sum(dim=-1)
            ),
            "the KL term is subtracted from the reconstruction term.",
        ),
        Mistake(
            _elbo_with(sample=lambda mu, log_var, eps: mu + log_var.exp() * eps),
            "exp(log_var) is the variance; the noise is multiplied by σ, exp(log_var / 2).",
        ),
        Mistake(
            _elbo_with(sample=lambda mu, log_var, eps: mu + log_var * eps),
            "log_var is log σ²: σ is exp(log_var / 2).",
        ),
        Mistake(
            _elbo_with(sample=lambda mu, log_var, eps: mu.expand_as(eps)),
            "decode z = μ + σ ε, not the mean alone.",
        ),
        Mistake(
            _elbo_with(sample=lambda mu, log_var, eps: eps),
            "decode z = μ + σ ε; the noise alone is a sample of the prior.",
        ),
        Mistake(
            _elbo_with(likelihood=lambda error, d, v: -0.5 * error / v),
            "a constant of the density is missing: −d/2 log(2π σ_x²).",
        ),
        Mistake(
            _elbo_with(
                likelihood=lambda error, d, v: -0.5 * (error / v + math.log(2 * math.pi * v))
            ),
            "each of the d pixels has the constant −½ log(2π σ_x²).",
        ),
        Mistake(
            _elbo_with(
                likelihood=lambda error, d, v: -0.5 * (error / v + d * math.log(2 * math.pi))
            ),
            "the constant of a pixel is −½ log(2π σ_x²), with σ_x².",
        ),
        Mistake(
            _elbo_with(likelihood=lambda error, d, v: -error),
            "that is the squared error; log P(X|z) is a Gaussian's log density.",
            also=(
                _elbo_with(likelihood=lambda error, d, v: -0.5 * error),
                _elbo_with(likelihood=lambda error, d, v: -error / d),
            ),
        ),
        Mistake(
            _elbo_with(
                likelihood=lambda error, d, v: -0.5 * (error + d * math.log(2 * math.pi * v))
            ),
            "divide the squared error by σ_x².",
        ),
        Mistake(
            _elbo_with(
                likelihood=lambda error, d, v: -error / v - 0.5 * d * math.log(2 * math.pi * v)
            ),
            "½ belongs in front of the squared error.",
        ),
        Mistake(
            _elbo_with(
                likelihood=lambda error, d, v: (
                    -0.5 * (error / v**2 + d * math.log(2 * math.pi * v**2))
                )
            ),
            "var_x is a variance; torch.distributions.Normal takes a standard deviation, its root.",
        ),
        Mistake(
            _elbo_with(
                likelihood=lambda error, d, v: -0.5 * (error / v / d + math.log(2 * math.pi * v))
            ),
            "sum over the pixels, do not average: nats per image.",
        ),
        Mistake(
            _elbo_with(
                kl=lambda mu, log_var: 0.5 * (log_var.exp() + mu**2 - 1 - log_var).mean(dim=-1)
            ),
            "sum the KL term over the latent dimensions, do not average.",
        ),
        Mistake(
            _elbo_with(kl=lambda mu, log_var: (log_var.exp() + mu**2 - 1 - log_var).sum(dim=-1)),
            "½ belongs in front of the KL term.",
        ),
        Mistake(
            _elbo_with(kl=lambda mu, log_var: 0.5 * (log_var.exp() + mu**2 - 1 - log_var).sum()),
            "one KL term for each image: sum over the latent dimensions only.",
        ),
        Mistake(
            _elbo_with(over_samples=lambda term: term.sum(dim=0)),
            "is that a sum over the samples? Take the mean over eps's first dimension.",
        ),
        Mistake(
            _elbo_with(over_samples=lambda term: term.logsumexp(dim=0) - math.log(len(term))),
            "the mean is of the logarithms, log P(X|z_j), not of the probabilities.",
        ),
        Mistake(
            _elbo_with(over_samples=lambda term: term[0]),
            "that is the first sample alone; average over all of eps.",
        ),
        Mistake(
            _elbo_with(over_images=lambda bound: bound.sum()),
            "is that a sum over the images? Take the mean.",
        ),
        Mistake(_elbo_with(over_images=lambda bound: bound), "return the mean over the images."),
        Mistake(
            _elbo_with(over_images=lambda bound: -bound.mean()),
            "the sign: that is a loss; the bound itself is asked for.",
        ),
        Mistake(_sampled_kl, "the KL term has a closed form: use it instead of log Q − log P(z)."),
    ),
)


# elbo_gradient: the chain rule through z = μ + σ ε, and the gradient of the KL term


def _gradient_inputs(generator: Generator) -> dict[str, object]:
    """Variances from far below 1 to far above; slopes that are related to the noise."""
    k, n = (int(torch.randint(*between, (), generator=generator)) for between in ((3, 6), (18, 26)))
    mu, log_var = randn(generator, k), randn(generator, k)
    log_var[:2] = torch.tensor([-4.0, 2.5], dtype=torch.float64) + 0.3 * log_var[:2]
    eps = randn(generator, n, k) + 0.5
    slope = 3 * randn(generator, n, k) - 4 * eps + 2
    return {"slope": slope, "eps": eps, "mu": mu, "log_var": log_var}


def _elbo_gradient(slope: Tensor, eps: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
    """By automatic differentiation, of the samples and of PyTorch's own divergence."""
    mu, log_var = mu.clone().requires_grad_(), log_var.clone().requires_grad_()
    std = log_var.exp().sqrt()
    kl = kl_divergence(Normal(mu, std), Normal(torch.zeros_like(mu), 1.0)).sum()
    # A function with these slopes at these samples: linear in each z.
    linear = (slope * (mu + std * eps)).sum(dim=1).mean()
    return torch.stack(torch.autograd.grad(linear - kl, (mu, log_var))).detach()


def _chained(
    mu=lambda slope: slope,
    log_var=lambda slope, eps, s: 0.5 * slope * s * eps,
    kl_mu=lambda mu: mu,
    kl_log_var=lambda v: 0.5 * (v - 1),
    mean=lambda x: x.mean(dim=0),
) -> object:
    """The gradient with another way to take one of its steps."""

    def mistaken(slope, eps, mu_, log_var_):
        v = log_var_.exp()
        return torch.stack(
            [
                mean(mu(slope)) - kl_mu(mu_),
                mean(log_var(slope, eps, v.sqrt())) - kl_log_var(v),
            ]
        )

    return lambda slope, eps, mu, log_var: mistaken(slope, eps, mu, log_var)


ELBO_GRADIENT = Task(
    name="elbo_gradient",
    lesson="04",
    points=2,
    inputs=_gradient_inputs,
    reference=_elbo_gradient,
    rtol=1e-4,
    atol=1e-4,
    parts=(Part("row 0, by μ", 1, 0, 1), Part("row 1, by log σ²", 1, 1)),
    mistakes=(
        Mistake(
            _chained(kl_mu=torch.zeros_like, kl_log_var=torch.zeros_like),
            "that is the gradient of E[log P(X|z)]; the KL term has one, too.",
        ),
        Mistake(
            _chained(kl_mu=lambda mu: -mu, kl_log_var=lambda v: 0.5 * (1 - v)),
            "the sign: the KL term is subtracted, and so is its gradient.",
        ),
        Mistake(
            _chained(
                log_var=lambda slope, eps, s: slope * eps, kl_log_var=lambda v: v.sqrt() - v**-0.5
            ),
            "that is the derivative by σ; by log σ² it is σ / 2 times that.",
            also=(_chained(log_var=lambda slope, eps, s: slope * eps),),
        ),
        Mistake(
            _chained(log_var=lambda slope, eps, s: slope * s * eps, kl_log_var=lambda v: v - 1),
            "that is the derivative by log σ; by log σ² it is half of that.",
        ),
        Mistake(
            _chained(log_var=lambda slope, eps, s: slope * s * eps),
            "σ = exp(½ log σ²): the chain rule gives a factor ½ in front of σ ε.",
        ),
        Mistake(
            _chained(
                log_var=lambda slope, eps, s: 0.5 * slope * eps / s,
                kl_log_var=lambda v: 0.5 * (1 - 1 / v),
            ),
            "that is the derivative by σ²; by log σ² it is σ² times that.",
        ),
        Mistake(
            _chained(log_var=lambda slope, eps, s: 0.5 * slope * s**2 * eps),
            "exp(log_var) is σ²; the chain rule needs σ, its root.",
            also=(_chained(log_var=lambda slope, eps, s: slope * s**2 * eps),),
        ),
        Mistake(
            _chained(log_var=lambda slope, eps, s: 0.5 * slope * s),
            "∂z / ∂σ is ε: the noise of each sample belongs in row 1.",
            also=(_chained(log_var=lambda slope, eps, s: slope),),
        ),
        Mistake(
            _chained(kl_log_var=lambda v: 0.5 * v),
            "the KL term also has −½ log σ²: its derivative is −½.",
        ),
        Mistake(
            _chained(kl_log_var=lambda v: v - 1),
            "½ belongs in front of the KL term of row 1.",
        ),
        Mistake(
            _chained(kl_mu=lambda mu: 0.5 * mu),
            "the derivative of ½ μ² is μ.",
            also=(_chained(kl_mu=lambda mu: 2 * mu),),
        ),
        Mistake(
            _chained(kl_mu=lambda mu: 0.5 * mu**2),
            "row 0 needs the derivative of the KL term by μ, not the term itself.",
        ),
        Mistake(_chained(kl_mu=torch.zeros_like), "the KL term depends on μ, too: ½ μ²."),
        Mistake(
            _chained(kl_log_var=torch.zeros_like), "the KL term depends on σ², too: row 1 needs it."
        ),
        Mistake(
            _chained(mean=lambda x: x.sum(dim=0)), "is that a sum over the samples? Take the mean."
        ),
        Mistake(
            lambda slope, eps, mu, log_var: _chained()(
                slope.mean(dim=0, keepdim=True), eps.mean(dim=0, keepdim=True), mu, log_var
            ),
            "first multiply each sample's slope by its own ε, then average.",
        ),
        Mistake(
            lambda slope, eps, mu, log_var: -_elbo_gradient(slope, eps, mu, log_var),
            "the sign: this is the gradient of the bound itself, not of a loss.",
        ),
        Mistake(
            lambda slope, eps, mu, log_var: _elbo_gradient(slope, eps, mu, log_var).flip(0),
            "row 0 is the gradient by μ, row 1 by log σ².",
        ),
        Mistake(
            _chained(
                mu=lambda slope: slope[:1],
                log_var=lambda slope, eps, s: 0.5 * slope[:1] * s * eps[:1],
            ),
            "that is the first sample alone; average over all of them.",
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
    points=2,
    inputs=_score_inputs,
    reference=_score_gradient,
    rtol=1e-3,
    atol=1e-2,  # single precision is fine: z − μ loses digits where σ is small
    parts=(Part("row 0, by μ", 1, 0, 1), Part("row 1, by log σ²", 1, 1)),
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

TASKS = (
    GAUSSIAN_KL,
    REPARAMETRIZED_ELBO,
    ELBO_GRADIENT,
    SCORE_GRADIENT,
    IMPORTANCE_WEIGHTED_BOUND,
)

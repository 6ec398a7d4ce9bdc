"""Tasks of lesson 05."""

import numpy as np
import torch
from torch import Generator, Tensor
from torch.distributions import Bernoulli, Normal, kl_divergence
from torch.nn.functional import binary_cross_entropy, softplus

from course_utils.exercises.task import Affine, Mistake, Task, randn

# vae_loss: encode, sample with the given noise, decode; cross-entropy plus KL, in nats per image


def _vae_inputs(generator: Generator) -> dict[str, object]:
    """Two linear networks: some logits near ±900, right and wrong; some variances far from 1."""
    B, d, k = int(torch.randint(5, 8, (), generator=generator)), 12, 3
    x, order = (randn(generator, B, d) > 0).double(), torch.randperm(d, generator=generator)
    x[0, :6] = torch.tensor([1.0, 0.0, 0.0, 1.0, 1.0, 0.0])
    x[1, :6] = torch.tensor([0.0, 1.0, 1.0, 0.0, 0.0, 1.0])
    E = Affine(0.3 * randn(generator, d, 2 * k), randn(generator, 2 * k))
    E.b[k:] = torch.tensor([-25.0, 0.5, 2.5])  # log σ² of the three latent dimensions
    D = Affine(randn(generator, k, d), randn(generator, d))
    D.b[:6] = torch.tensor([900.0, -900.0, 40.0, -40.0, -150.0, 150.0])
    E.W, D.W, D.b = E.W[order], D.W[:, order], D.b[order]
    return {"E": E, "D": D, "x": x[:, order], "eps": randn(generator, B, k)}


def _forward(E: Affine, D: Affine, x: Tensor, eps: Tensor) -> tuple[Tensor, ...]:
    """What the networks give: logits (B, d), x, and mu and log_var (B, k)."""
    out, k = E(x), eps.shape[1]
    mu, log_var = out[:, :k], out[:, k:]
    return D(torch.addcmul(mu, (0.5 * log_var).exp(), eps)), x, mu, log_var


def _after(loss):
    """A loss of logits, x, mu and log_var as one of the networks."""
    return lambda E, D, x, eps: loss(*_forward(E, D, x, eps))


def _code(sample):
    """The loss with another code, from mu, log_var and eps (B, k)."""

    def mistaken(E: Affine, D: Affine, x: Tensor, eps: Tensor) -> Tensor:
        _, _, mu, log_var = _forward(E, D, x, eps)
        return _negative_elbo(D(sample(mu, log_var, eps)), x, mu, log_var)

    return mistaken


def _outputs_swapped(E: Affine, D: Affine, x: Tensor, eps: Tensor) -> Tensor:
    k = eps.shape[1]
    swapped = Affine(E.W.roll(k, 1), E.b.roll(k))
    return _negative_elbo(*_forward(swapped, D, x, eps))


def _outputs_interleaved(E: Affine, D: Affine, x: Tensor, eps: Tensor) -> Tensor:
    mu, log_var = E(x)[:, ::2], E(x)[:, 1::2]
    return _negative_elbo(D(mu + (0.5 * log_var).exp() * eps), x, mu, log_var)


def _parts(logits: Tensor, x: Tensor, mu: Tensor, log_var: Tensor) -> tuple[Tensor, Tensor]:
    """Cross-entropy (B,) and KL (B,), by torch.distributions."""
    pixels = Bernoulli(logits=logits, validate_args=False)
    Q, P = (
        Normal(mean, deviation, validate_args=False)
        for mean, deviation in ((mu, (0.5 * log_var).exp()), (0.0, 1.0))
    )
    return -pixels.log_prob(x).sum(dim=1), kl_divergence(Q, P).sum(dim=1)


def _negative_elbo(logits: Tensor, x: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
    cross_entropy, kl = _parts(logits, x, mu, log_var)
    return (cross_entropy + kl).mean()


def _weighted(pixels: float, code: float):
    """The loss with other weights of its parts."""

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


def _with_pixels(cross_entropy):
    """The loss with another term of the pixels, (B, d)."""

    def mistaken(logits: Tensor, x: Tensor, mu: Tensor, log_var: Tensor) -> Tensor:
        kl = _parts(logits, x, mu, log_var)[1]
        return (cross_entropy(logits, x).sum(dim=1) + kl).mean()

    return mistaken


def _plain(p: Tensor, x: Tensor, eps: float = 0.0) -> Tensor:
    return -(x * (p + eps).log() + (1 - x) * (1 - p + eps).log())


_LOSS_MISTAKES = (
    Mistake(
        _mean_over_pixels,
        "is the cross-entropy a mean over pixels? That is a hidden β: sum over pixels.",
    ),
    Mistake(_mean_over_code, "is the KL a mean over the latent dimensions? Sum over all k."),
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
    Mistake(_weighted(1.0, -1.0), "the sign of the KL: it is a cost, added to the cross-entropy."),
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
        "are both averaged over everything? Sum over pixels and over latent dimensions, mean"
        " over images.",
    ),
    Mistake(_sigmoid_twice, "is a sigmoid applied before a loss that expects logits?"),
    Mistake(
        _with_pixels(lambda logits, x: _plain(logits.sigmoid(), x)),
        "the logarithm of a sigmoid is −∞ for a large logit: use softplus, or"
        " binary_cross_entropy_with_logits.",
        also=(
            _with_pixels(
                lambda logits, x: torch.where(
                    x == 1, -logits.sigmoid().log(), -(1 - logits.sigmoid()).log()
                )
            ),
        ),
    ),
    Mistake(
        _with_pixels(lambda logits, x: _plain(logits.sigmoid().clamp(1e-7, 1 - 1e-7), x)),
        "clamp or + ε cap the loss just where the model is most wrong: use"
        " binary_cross_entropy_with_logits.",
        also=(
            _with_pixels(
                lambda logits, x: binary_cross_entropy(logits.sigmoid(), x, reduction="none")
            ),
            *(
                _with_pixels(
                    lambda logits, x, eps=eps: _plain(logits.sigmoid().clamp(eps, 1 - eps), x)
                )
                for eps in (1e-5, 1e-6, 1e-8, 1e-9, 1e-10, 1e-12)
            ),
            *(
                _with_pixels(lambda logits, x, eps=eps: _plain(logits.sigmoid(), x, eps))
                for eps in (1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)
            ),
        ),
    ),
    Mistake(
        _with_pixels(lambda logits, x: (logits.sigmoid() - x).square()),
        "that is the squared error; the reconstruction term is the cross-entropy.",
        also=(_with_pixels(lambda logits, x: (logits - x).square()),),
    ),
    Mistake(
        _with_pixels(lambda logits, x: x * softplus(-logits)),
        "the empty pixels are missing: − (1 − x) log(1 − σ(l)).",
    ),
    Mistake(
        _with_pixels(lambda logits, x: x * softplus(logits) + (1 - x) * softplus(-logits)),
        "σ(l) is the ink: x goes with log σ(l), 1 − x with log(1 − σ(l)).",
    ),
    Mistake(
        _with_pixels(lambda logits, x: -x * softplus(-logits) - (1 - x) * softplus(logits)),
        "the sign of the cross-entropy: it is minus a logarithm, and positive.",
    ),
    Mistake(
        lambda logits, x, mu, log_var: _negative_elbo(logits, x, mu, log_var.clamp(-10, 10)),
        "no clamp of log σ²: its KL is part of the loss as it is.",
        also=(
            lambda logits, x, mu, log_var: _negative_elbo(logits, x, mu, log_var.clamp(-20, 20)),
            lambda logits, x, mu, log_var: _negative_elbo(logits, x, mu, log_var.clamp(-5, 5)),
        ),
    ),
    Mistake(
        lambda logits, x, mu, log_var: _negative_elbo(logits, x, mu, log_var) + mu.shape[1] / 2,
        "the −1 in the KL is missing: the KL of N(0, I) to itself is 0.",
    ),
    Mistake(
        lambda logits, x, mu, log_var: (
            _negative_elbo(logits, x, mu, log_var) - mu.square().sum(dim=1).mean() / 2
        ),
        "μ² is missing in the KL.",
    ),
    Mistake(
        lambda logits, x, mu, log_var: (
            _negative_elbo(logits, x, mu, log_var) + (mu - mu.square()).sum(dim=1).mean() / 2
        ),
        "μ is squared in the KL.",
    ),
    Mistake(
        lambda logits, x, mu, log_var: (
            _negative_elbo(logits, x, mu, log_var) + log_var.sum(dim=1).mean()
        ),
        "the sign of log σ² in the KL: it is subtracted.",
    ),
)

VAE_LOSS = Task(
    name="vae_loss",
    lesson="05",
    points=3,
    inputs=_vae_inputs,
    reference=_after(_negative_elbo),
    mistakes=(
        *(
            Mistake(_after(m.answer), m.hint, tuple(_after(answer) for answer in m.also))
            for m in _LOSS_MISTAKES
        ),
        Mistake(
            _code(lambda mu, log_var, eps: mu),
            "the code is the mean alone: sample it, z = μ + σ ε with the given eps.",
        ),
        Mistake(
            _code(lambda mu, log_var, eps: mu + log_var.exp() * eps),
            "σ is exp(log_var / 2): log_var is log σ², and the noise is scaled by σ, not by σ².",
        ),
        Mistake(
            _code(lambda mu, log_var, eps: mu + log_var * eps),
            "the noise is scaled by σ = exp(log_var / 2), not by log σ².",
            also=(_code(lambda mu, log_var, eps: mu + 0.5 * log_var * eps),),
        ),
        Mistake(
            _code(lambda mu, log_var, eps: mu + eps),
            "σ is missing: the noise is scaled by exp(log_var / 2).",
        ),
        Mistake(
            _code(lambda mu, log_var, eps: mu - (0.5 * log_var).exp() * eps),
            "the sign of the noise: z = μ + σ ε.",
        ),
        Mistake(
            _code(lambda mu, log_var, eps: (0.5 * log_var).exp() * eps),
            "μ is missing in the code: z = μ + σ ε.",
        ),
        Mistake(
            _code(lambda mu, log_var, eps: mu + (0.5 * log_var).exp() * eps[:1]),
            "every image has noise of its own: row b of eps belongs to image b.",
        ),
        Mistake(
            _outputs_swapped,
            "the first k outputs of E are μ, the others log σ².",
            also=(_outputs_interleaved,),
        ),
    ),
)


# active_units: latent dimensions whose mean depends on the image


def _unit_inputs(generator: Generator) -> dict[str, object]:
    """Means of 180 to 220 images; units near the threshold, and some that only vary in places.

    Active are two to five units clearly, one just above the threshold, twelve that depend on one of
    the clear ones, six through rare images, four only in later images, one in every second image.
    Not active are 41 to 45 units, one just below the threshold, four that vary enough only in the
    first images, one that varies around its median but not around its mean, seven with a mean far
    from 0.
    """
    N, clear, still = (
        int(torch.randint(*between, (), generator=generator))
        for between in ((180, 220), (2, 6), (35, 40))
    )
    variance = [0.0115, 0.0085, *(0.2 + 3 * torch.rand(clear, generator=generator)).tolist()]
    variance += [0.003, 0.0012, *(still - 2) * [1e-5]]
    mean = torch.zeros(len(variance), dtype=torch.float64)
    mean[: 2 + clear], mean[-7:] = 1.0, torch.tensor([0.8, 0.9, -0.7, 1.1, 0.5, -1.3, 0.6])
    mu = randn(generator, N, len(variance))
    mu = (mu - mu.mean(dim=0)) / mu.std(dim=0) * torch.tensor(variance).double().sqrt() + mean
    times = torch.linspace(0.8, 1.4, 12) * torch.tensor([1, -1]).repeat(6)
    following = mu[:, 2:3] * times + 0.01 * randn(generator, N, 12)
    odd, rare = 1e-3 * randn(generator, N, 8), 1e-3 * randn(generator, N, 8)
    odd[110::25, 0] += 1
    odd[123::30, 1] -= 1.2
    rare[105::20, :4] += 1
    rare[:100:10, 4:] += 0.28
    rare[5:100:10, 4:] -= 0.28
    odd[110:, 2:6] += 0.3 * randn(generator, N - 110, 4)
    odd[::2, 6] += 0.4
    odd[torch.rand(N, generator=generator).argsort() < 0.3 * N, 7] += 0.2
    mu = torch.cat([mu, following, odd, rare], dim=1)
    return {"mu": mu[:, torch.randperm(mu.shape[1], generator=generator)]}


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
            also=(
                lambda mu: (mu.var(dim=0) > 1e-3).sum(),
                lambda mu: (mu.var(dim=0) > 0.1).sum(),
                lambda mu: (mu.std(dim=0) > 1).sum(),
            ),
        ),
        Mistake(
            lambda mu: ((mu**2).mean(dim=0) > 0.01).sum(),
            "is that a size rather than a variance? A constant mean is not activity.",
            also=(lambda mu: (mu.abs().mean(dim=0) > 0.01).sum(),),
        ),
        Mistake(
            lambda mu: mu.shape[1],
            "that is the number of latent dimensions; count only those that vary.",
        ),
        Mistake(
            lambda mu: (mu.var(dim=1) > 0.01).sum(),
            "the variance over the images, dim 0, for each latent dimension.",
        ),
        Mistake(lambda mu: (mu.var(dim=0) <= 0.01).sum(), "these are the inactive ones."),
        Mistake(
            lambda mu: (mu.var(dim=0) > 0.01).double().mean(),
            "that is a share; return the number of units.",
        ),
        Mistake(
            lambda mu: (mu[:100].var(dim=0) > 0.01).sum(),
            "the variance over all images, not over the first ones.",
            also=(lambda mu: (mu[:50].var(dim=0) > 0.01).sum(),),
        ),
        Mistake(
            lambda mu: (
                (mu.quantile(0.75, dim=0) - mu.quantile(0.25, dim=0)).div(1.349).square() > 0.01
            ).sum(),
            "the variance itself, not a guess from quantiles: rare images count, too.",
        ),
        Mistake(
            lambda mu: (torch.linalg.eigvalsh(torch.cov(mu.T)) > 0.01).sum(),
            "each unit by itself: units that vary together all count, so no eigenvalues.",
        ),
    ),
)


# free_bits: a KL with a floor, below which a unit costs no less


def _cost_inputs(generator: Generator) -> dict[str, object]:
    """Units whose KL lies above the floor, far below it, or on both sides of it.

    Three cost much, three almost nothing, two lie on both sides of the floor for different images,
    one costs much for some images and nothing for the others, and one costs slightly more than the
    floor for most images and nothing for the others.
    """
    level = torch.tensor([2.0, 1.5, 1.0, 0.02, 0.01, 0.05, 0.35, 0.18, 4, 0.3]).double()
    size, B = (
        0.5 + torch.rand((), generator=generator, dtype=torch.float64),
        int(torch.randint(20, 40, (), generator=generator)),
    )
    spread = torch.rand(B, 10, generator=generator, dtype=torch.float64)
    kl = size * level * (0.1 + 1.8 * spread)
    kl[5:, 8], kl[: B // 3, 9] = 0, 0
    kl[B // 3 :, 9] = size * (0.27 + 0.05 * spread[B // 3 :, 9])
    kl = kl[torch.randperm(B, generator=generator)]
    return {"kl": kl[:, torch.randperm(10, generator=generator)], "floor": 0.25 * size.item()}


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
            "first the mean over images, then the floor: a unit may cost nothing for one image"
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
            "nats per image: mean over images, then the floor.",
        ),
        Mistake(
            lambda kl, floor: kl.mean(dim=1).clamp(min=floor).sum(),
            "images are rows, units are columns: mean over dim 0.",
        ),
        Mistake(
            lambda kl, floor: torch.where(
                (kl > floor).double().mean(dim=0) > 0.5, kl.mean(dim=0), floor
            ).sum(),
            "the mean over images decides, not most of them: max(λ, mean).",
        ),
        Mistake(
            lambda kl, floor: kl.median(dim=0).values.clamp(min=floor).sum(),
            "the mean over images, not the median.",
        ),
        Mistake(
            lambda kl, floor: (kl.mean(dim=0) + floor).sum(),
            "the larger of the two, max(λ, mean), not their sum.",
        ),
        Mistake(
            lambda kl, floor: kl.mean(dim=0).clamp(min=floor),
            "one number: sum over the units.",
        ),
        Mistake(
            lambda kl, floor: torch.where(kl > floor, kl, floor).sum(),
            "nats per image: first the mean over images, then the floor, then the sum.",
        ),
    ),
)

TASKS = (VAE_LOSS, ACTIVE_UNITS, FREE_BITS)

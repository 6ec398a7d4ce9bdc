"""Tasks of lesson 09."""

import numpy as np
import scipy.linalg
import torch
from scipy.special import log_expit
from sklearn.neighbors import NearestNeighbors
from torch import Generator, Tensor
from torch.nn.functional import binary_cross_entropy, pad, softplus

from course_utils.exercises.task import Mistake, Part, Task, randn

# vae_gan_losses: the losses of the encoder, the decoder and the discriminator


def _game_inputs(generator: Generator) -> dict[str, object]:
    """Logits of each kind, some of them surely right and some surely wrong."""
    B = int(torch.randint(40, 50, (), generator=generator))
    real, reconstructed, generated = (
        1 + randn(generator, B),
        randn(generator, B) - 0.5,
        randn(generator, B) - 2,
    )
    real[:2] = torch.tensor([-800.0, 900.0])
    reconstructed[:2] = torch.tensor([-850.0, 40.0])
    generated[:3] = torch.tensor([60.0, -900.0, -770.0])
    real, reconstructed, generated = (
        logits[torch.randperm(B, generator=generator)]
        for logits in (real, reconstructed, generated)
    )
    return {
        "kl": 20 + randn(generator, 1).abs()[0],
        "distance": 50 + randn(generator, 1).abs()[0],
        "real": real,
        "reconstructed": reconstructed,
        "generated": generated,
        "gamma": 0.2 + 0.2 * torch.rand(1, generator=generator, dtype=torch.float64)[0],
    }


def _vae_gan_losses(
    kl: Tensor,
    distance: Tensor,
    real: Tensor,
    reconstructed: Tensor,
    generated: Tensor,
    gamma: Tensor,
) -> Tensor:
    fakes = np.concatenate([reconstructed.numpy(), generated.numpy()])
    fooled, caught, known = (
        log_expit(fakes).mean(),
        log_expit(-fakes).mean(),
        log_expit(real.numpy()).mean(),
    )
    return torch.tensor(
        [float(kl + distance), float(gamma * distance) - fooled, -known - caught],
        dtype=torch.float64,
    )


def _mixed(change) -> object:
    """A wrong answer: `change(E, D, Dis, parts)` combines the right losses."""

    def answer(kl, distance, real, reconstructed, generated, gamma):
        fakes = torch.cat([reconstructed, generated])
        parts = {
            "kl": kl,
            "distance": distance,
            "gamma": gamma,
            "fool": softplus(-fakes).mean(),
            "real": softplus(-real).mean(),
            "caught": softplus(fakes).mean(),
            "reconstructed": reconstructed,
            "generated": generated,
            "real_logits": real,
        }
        E, D, Dis = kl + distance, gamma * distance + parts["fool"], parts["real"] + parts["caught"]
        return torch.stack(change(E, D, Dis, parts))

    return answer


def _with(fakes: str) -> object:
    return _mixed(
        lambda E, D, Dis, p: (
            E,
            p["gamma"] * p["distance"] + softplus(-p[fakes]).mean(),
            p["real"] + softplus(p[fakes]).mean(),
        )
    )


def _plain_logarithms(
    kl: Tensor,
    distance: Tensor,
    real: Tensor,
    reconstructed: Tensor,
    generated: Tensor,
    gamma: Tensor,
    *,
    eps: float = 0.0,
    cap: float = 0.0,
    stable: bool = False,
) -> Tensor:
    """The losses from probabilities; `stable` takes the complement from −ℓ."""
    fake = torch.cat([reconstructed, generated])
    p, q, r = (x.sigmoid().clamp(cap, 1 - cap) for x in (real, fake, -fake))
    caught = r if stable else 1 - q
    return torch.stack(
        [
            kl + distance,
            gamma * distance - (q + eps).log().mean(),
            -(p + eps).log().mean() - (caught + eps).log().mean(),
        ]
    )


def _with_built_in(
    kl: Tensor,
    distance: Tensor,
    real: Tensor,
    reconstructed: Tensor,
    generated: Tensor,
    gamma: Tensor,
) -> Tensor:
    """PyTorch's cross-entropy of probabilities, which clamps each logarithm at −100."""
    p, q = real.sigmoid(), torch.cat([reconstructed, generated]).sigmoid()
    one, zero = torch.ones_like, torch.zeros_like
    known, caught = binary_cross_entropy(p, one(p)), binary_cross_entropy(q, zero(q))
    return torch.stack(
        [kl + distance, gamma * distance + binary_cross_entropy(q, one(q)), known + caught]
    )


VAE_GAN_LOSSES = Task(
    name="vae_gan_losses",
    lesson="09",
    points=3,
    inputs=_game_inputs,
    reference=_vae_gan_losses,
    parts=(Part("L_E", 1, 0, 1), Part("L_D", 1, 1, 2), Part("L_Dis", 1, 2)),
    mistakes=(
        Mistake(
            _mixed(lambda E, D, Dis, p: (E + p["fool"], D, Dis)),
            "the encoder takes no part in the game: no log Dis in its loss.",
        ),
        Mistake(
            _mixed(lambda E, D, Dis, p: (p["kl"], D, Dis)),
            "the encoder's loss lacks the distance of the reconstructions.",
        ),
        Mistake(
            _mixed(lambda E, D, Dis, p: (E, D + p["kl"], Dis)),
            "the KL term does not depend on the decoder.",
        ),
        Mistake(
            _mixed(lambda E, D, Dis, p: (E, p["distance"] + p["gamma"] * p["fool"], Dis)),
            "γ weighs the distance, not the game.",
        ),
        Mistake(
            _mixed(lambda E, D, Dis, p: (E, D - p["gamma"] * p["distance"] + p["distance"], Dis)),
            "where is γ?",
        ),
        Mistake(
            _mixed(
                lambda E, D, Dis, p: (
                    p["kl"] + p["gamma"] * p["distance"],
                    D,
                    Dis,
                )
            ),
            "γ is in the decoder's loss alone: the encoder's distance counts in full.",
        ),
        Mistake(
            _mixed(lambda E, D, Dis, p: (E, D, Dis / 2)),
            "the discriminator's two means are added, not averaged.",
        ),
        Mistake(
            _mixed(lambda E, D, Dis, p: (E, D, -Dis)),
            "the sign of L_Dis: a loss is to be lowered, so minus both logarithms.",
        ),
        Mistake(
            _mixed(lambda E, D, Dis, p: (p["kl"] - p["distance"], D, Dis)),
            "the sign of the distance in L_E: it is added to the KL.",
        ),
        Mistake(
            _mixed(lambda E, D, Dis, p: (E, p["gamma"] * p["distance"] - p["fool"], Dis)),
            "the sign of the game in L_D: −log Dis is softplus(−ℓ), added to the distance.",
        ),
        Mistake(
            _mixed(lambda E, D, Dis, p: (E, p["fool"], Dis)),
            "the decoder's loss lacks the distance of the reconstructions, times γ.",
        ),
        Mistake(
            _mixed(lambda E, D, Dis, p: (E, D + p["real"], Dis)),
            "no real image comes from the decoder: its loss has only the fakes.",
        ),
        Mistake(
            _mixed(lambda E, D, Dis, p: (E, p["gamma"] * p["distance"] + p["caught"], Dis)),
            "−log(1 − Dis) is what the discriminator lowers; the decoder lowers −log Dis.",
        ),
        Mistake(
            _plain_logarithms,
            "the logarithm of a sigmoid is −∞ for a large logit: −log σ(ℓ) is softplus(−ℓ), and"
            " −log(1 − σ(ℓ)) is softplus(ℓ).",
            also=(lambda **i: _plain_logarithms(**i, stable=True),),
        ),
        Mistake(
            lambda **i: _plain_logarithms(**i, eps=1e-7),
            "clamp and + ε change the losses where Dis is surely wrong: use softplus.",
            also=tuple(
                lambda eps=eps, **i: _plain_logarithms(**i, eps=eps)
                for eps in (1e-6, 1e-8, 1e-9, 1e-10, 1e-12)
            )
            + tuple(
                lambda eps=eps, **i: _plain_logarithms(**i, cap=eps)
                for eps in (1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)
            )
            + (lambda **i: _with_built_in(**i),),
        ),
        Mistake(
            lambda kl, distance, real, reconstructed, generated, gamma: torch.stack(
                [
                    kl + distance,
                    gamma * distance + softplus(-torch.cat([reconstructed, generated]).mean()),
                    softplus(-real.mean()) + softplus(torch.cat([reconstructed, generated]).mean()),
                ]
            ),
            "first −log of each Dis, then the mean.",
        ),
        Mistake(
            _mixed(lambda E, D, Dis, p: (E, p["gamma"] * p["distance"] - p["caught"], Dis)),
            "that is the saturating loss; this decoder lowers −log Dis.",
        ),
        Mistake(
            _mixed(lambda E, D, Dis, p: (D, E, Dis)),
            "the right losses in another order: L_E, L_D, L_Dis.",
            also=(
                _mixed(lambda E, D, Dis, p: (E, Dis, D)),
                _mixed(lambda E, D, Dis, p: (Dis, D, E)),
                _mixed(lambda E, D, Dis, p: (Dis, E, D)),
                _mixed(lambda E, D, Dis, p: (D, Dis, E)),
            ),
        ),
        Mistake(
            _mixed(
                lambda E, D, Dis, p: (
                    E,
                    D,
                    softplus(p["real_logits"]).mean()
                    + softplus(-torch.cat([p["reconstructed"], p["generated"]])).mean(),
                )
            ),
            "the discriminator's labels are swapped: it makes log Dis(x) and log(1 − Dis(fake))"
            " large.",
        ),
        Mistake(
            _mixed(lambda E, D, Dis, p: (E, D, Dis + p["distance"])),
            "the discriminator plays the game and nothing else.",
        ),
        Mistake(_with("generated"), "reconstructions are fakes, too: both kinds count."),
        Mistake(
            _with("reconstructed"), "images generated from noise are fakes, too: both kinds count."
        ),
        Mistake(
            _mixed(
                lambda E, D, Dis, p: (
                    E,
                    p["gamma"] * p["distance"] + 2 * p["fool"],
                    p["real"] + 2 * p["caught"],
                )
            ),
            "one mean over all fakes, reconstructions and those from noise together, not the sum of"
            " two means.",
        ),
    ),
)


# crispness: gradient energy of reconstructions over that of their originals


def _image_inputs(generator: Generator, case: int = 0) -> dict[str, object]:
    """One batch with reconstructions softer and crisper than their originals.

    Over the whole batch they are softer and crisper in turn.
    """
    B = int(torch.randint(3, 5, (), generator=generator))
    original, reconstructed = torch.rand(2, B, 5, 7, generator=generator, dtype=torch.float64)
    contrast = torch.tensor([[1.0, 0.3, 0.8, 0.6], [0.4, 0.7, 0.2, 0.3]])[:, :B, None, None]
    if case:
        contrast = contrast.flip(0)
    return {"reconstructed": contrast[1] * reconstructed, "original": contrast[0] * original}


def _crispness(reconstructed: Tensor, original: Tensor) -> float:
    energy = [
        sum((np.diff(x.numpy(), axis=axis) ** 2).sum() for axis in (1, 2))
        for x in (reconstructed, original)
    ]
    return float(energy[0] / energy[1])


def _ratio(energy) -> object:
    """A wrong answer: reconstructions over originals, with another `energy` of a batch."""
    return lambda reconstructed, original: energy(reconstructed) / energy(original)


def _energies(x: Tensor) -> Tensor:
    return x.diff(dim=1).square().sum(dim=(1, 2)) + x.diff(dim=2).square().sum(dim=(1, 2))


CRISPNESS = Task(
    name="crispness",
    lesson="09",
    points=2,
    inputs=_image_inputs,
    reference=_crispness,
    cases=2,
    mistakes=(
        Mistake(
            _ratio(lambda x: x.diff(dim=1).square().sum()),
            "rows only; neighbours stand side by side, too.",
        ),
        Mistake(
            _ratio(lambda x: x.diff(dim=2).square().sum()),
            "columns only; neighbours stand below each other, too.",
        ),
        Mistake(
            _ratio(lambda x: x.diff(dim=1).abs().sum() + x.diff(dim=2).abs().sum()),
            "squared differences: a step of 1 in two halves keeps its absolute sum, and loses half"
            " its energy.",
        ),
        Mistake(
            _ratio(lambda x: x.diff(dim=1).square().mean() + x.diff(dim=2).square().mean()),
            "sums over all pairs of neighbours, not means: there are not as many pairs both ways.",
        ),
        Mistake(
            _ratio(lambda x: sum((x - x.roll(1, d)).square().sum() for d in (1, 2))),
            "`roll` joins the two edges.",
        ),
        Mistake(
            lambda reconstructed, original: (_energies(reconstructed) / _energies(original)).mean(),
            "divide the sums over the whole batch; a mean of ratios lets faint images count most.",
        ),
        Mistake(
            lambda reconstructed, original: (
                _energies(original).sum() / _energies(reconstructed).sum()
            ),
            "upside down: reconstructions over originals.",
        ),
        Mistake(
            lambda reconstructed, original: _energies(reconstructed) / _energies(original),
            "one number for the whole batch.",
        ),
        Mistake(
            lambda reconstructed, original: min(_crispness(reconstructed, original), 1.0),
            "more than 1 is possible, for reconstructions crisper than the originals: no upper"
            " limit.",
        ),
        Mistake(
            lambda reconstructed, original: (
                (_energies(reconstructed) / _energies(original)).clamp(max=1).mean()
            ),
            "divide the sums over the whole batch, without a limit; this is a mean of ratios.",
        ),
        Mistake(
            lambda reconstructed, original: _crispness(reconstructed, original) ** 0.5,
            "no root: the ratio of the energies themselves.",
        ),
        Mistake(
            _ratio(lambda x: (x.diff(dim=1)[:, :, :-1] ** 2 + x.diff(dim=2)[:, :-1] ** 2).sum()),
            "every pair of neighbours counts, also those in the last row and the last column: sum"
            " both directions before you add.",
            also=(
                _ratio(lambda x: (x.diff(dim=1)[:, :, 1:] ** 2 + x.diff(dim=2)[:, 1:] ** 2).sum()),
            ),
        ),
        Mistake(
            _ratio(
                lambda x: (
                    (x.diff(dim=1)[:, :, :-1].square() + x.diff(dim=2)[:, :-1].square())
                    .sqrt()
                    .sum()
                )
            ),
            "squared differences: no root of the gradient's length.",
        ),
        Mistake(
            _ratio(
                lambda x: (
                    _energies(x).sum()
                    + (x[:, 1:, 1:] - x[:, :-1, :-1]).square().sum()
                    + (x[:, 1:, :-1] - x[:, :-1, 1:]).square().sum()
                )
            ),
            "neighbours stand side by side and below each other, not diagonally.",
        ),
        Mistake(_ratio(lambda x: x.var()), "differences between neighbours, not from the mean."),
        Mistake(
            _ratio(lambda x: x.square().sum()),
            "that is the energy of the pixels; take differences of neighbours first.",
        ),
        Mistake(
            _ratio(lambda x: sum(g.square().sum() for g in torch.gradient(x, dim=(1, 2)))),
            "torch.gradient takes pixels that are two apart; take direct neighbours, `diff`.",
        ),
        Mistake(
            _ratio(lambda x: _energies(pad(x, (1, 1, 1, 1))).sum()),
            "the edges of the image have no neighbours outside: no padding.",
        ),
        Mistake(
            _ratio(lambda x: x.diff(dim=0).square().sum() + x.diff(dim=1).square().sum()),
            "dimension 0 is the batch: neighbours stand in dimensions 1 and 2.",
            also=(
                _ratio(lambda x: sum(x.diff(dim=d).square().sum() for d in (0, 1, 2))),
                _ratio(lambda x: x.diff(dim=0).square().sum() + x.diff(dim=2).square().sum()),
            ),
        ),
        Mistake(
            lambda reconstructed, original: (
                _energies(reconstructed - original).sum() / _energies(original).sum()
            ),
            "that is the energy of the error; compare the energies of the two.",
        ),
    ),
)


# coverage: share of real images with a generated one near


def _cloud_inputs(generator: Generator) -> dict[str, object]:
    """A fifth of the generated points lies in no ball; some real points are equal.

    Far from all others lie k + 2 real points, two of them equal, and a generated one between the
    k-th and the next neighbour of these two. Rounding never decides whether a ball holds a point.
    """
    k = int(torch.randint(3, 7, (), generator=generator))
    way = torch.tensor([1.0, 0.0, 0.0], dtype=torch.float64)
    near = 0.2 * randn(generator, k - 1, 3)
    while True:
        real = torch.cat([randn(generator, 70, 3), 8 + torch.zeros(2, 3), 8 + near])
        real = torch.cat([real, 8 + 3 * way[None]])
        far = 4 + 0.5 * randn(generator, 10, 3)
        generated = torch.cat([0.7 * randn(generator, 39, 3) + 0.4, far, 8 - 2 * way[None]])
        radius = torch.cdist(real, real).kthvalue(k + 1, dim=1).values
        nearest = torch.cdist(real, generated).amin(dim=1)
        if ((nearest - radius).abs() > 1e-3).all():
            break
    return {
        "real": real[torch.randperm(len(real), generator=generator)],
        "generated": generated[torch.randperm(50, generator=generator)],
        "k": k,
    }


def _coverage(real: Tensor, generated: Tensor, k: int) -> float:
    # Of the others.
    radius = NearestNeighbors(n_neighbors=k).fit(real.numpy()).kneighbors()[0][:, -1]
    nearest = (
        NearestNeighbors(n_neighbors=1).fit(generated.numpy()).kneighbors(real.numpy())[0][:, 0]
    )
    return float((nearest < radius).mean())


def _balls(real: Tensor, k: int) -> Tensor:
    return torch.cdist(real, real).kthvalue(k + 1, dim=1).values


def _without_zeros(real: Tensor) -> Tensor:
    """Distances among the real points, without those that are 0."""
    distances = torch.cdist(real, real, compute_mode="donot_use_mm_for_euclid_dist")
    return distances.masked_fill(distances < 1e-6, torch.inf)


def _covered(radius) -> object:
    """The share of balls, with other radii, that hold a generated image."""

    def mistaken(real: Tensor, generated: Tensor, k: int) -> Tensor:
        return (torch.cdist(real, generated).amin(dim=1) < radius(real, k)).double().mean()

    return mistaken


COVERAGE = Task(
    name="coverage",
    lesson="09",
    points=2,
    inputs=_cloud_inputs,
    reference=_coverage,
    mistakes=(
        Mistake(
            lambda real, generated, k: (
                (torch.cdist(generated, real) < _balls(real, k)).any(dim=1).double().mean()
            ),
            "that counts generated images that lie in some ball; count the balls that hold one.",
        ),
        Mistake(
            lambda real, generated, k: (
                (torch.cdist(generated, real) < _balls(real, k)).double().sum()
                / (k * len(generated))
            ),
            "that is the density: it counts a ball once for every image in it.",
        ),
        Mistake(
            lambda real, generated, k: (
                (torch.cdist(real, generated).amin(dim=1) < _balls(real, k - 1)).double().mean()
            ),
            "an image is not a neighbour of itself: the k-th of the others is place k + 1.",
        ),
        Mistake(
            lambda real, generated, k: (
                (torch.cdist(real, generated) < _balls(generated, k)).any(dim=1).double().mean()
            ),
            "the balls stand around real images, not around generated ones.",
        ),
        Mistake(
            lambda real, generated, k: (
                (torch.cdist(real, generated).amin(dim=1) < _balls(real, k)).double().sum()
            ),
            "a share of the balls, not how many.",
        ),
        Mistake(
            lambda real, generated, k: (
                (torch.cdist(real, generated) < _balls(real, k)[:, None]).sum(dim=1) / k
            ).mean(),
            "that is the density: it counts every image in a ball; one is enough.",
        ),
        Mistake(
            _covered(lambda real, k: _balls(real, k + 1)),
            "that is the neighbour after the k-th: with itself at place 1, the k-th of the others"
            " is place k + 1.",
        ),
        Mistake(
            _covered(lambda real, k: _balls(real, 1)),
            "the ball reaches to the k-th neighbour, not to the nearest one.",
        ),
        Mistake(
            _covered(lambda real, k: _without_zeros(real).kthvalue(k, dim=1).values),
            "leave an image out by its place, not by its distance 0: another one may be equal.",
        ),
        Mistake(
            lambda real, generated, k: _coverage(real.unique(dim=0), generated, k),
            "real images may be equal: each has a ball of its own.",
        ),
        Mistake(
            _covered(lambda real, k: torch.cdist(real, real).topk(k + 1).values[:, -1]),
            "the nearest neighbours, not the farthest: `largest=False`.",
        ),
        Mistake(
            _covered(lambda real, k: _balls(real, k).mean().expand(len(real))),
            "every ball has a radius of its own, not the mean of all.",
            also=(_covered(lambda real, k: _balls(real, k).median().expand(len(real))),),
        ),
        Mistake(
            lambda real, generated, k: (
                (torch.cdist(real, generated).kthvalue(k, dim=1).values < _balls(real, k))
                .double()
                .mean()
            ),
            "one generated image in a ball is enough; this asks for k.",
        ),
        Mistake(
            lambda real, generated, k: (
                (torch.cdist(real, generated).mean(dim=1) < _balls(real, k)).double().mean()
            ),
            "the nearest generated image decides, not their mean distance.",
        ),
        Mistake(
            lambda real, generated, k: 1 - _coverage(real, generated, k),
            "that is the share of balls that hold none.",
        ),
        Mistake(
            lambda real, generated, k: (
                (torch.cdist(real, generated).amin(dim=1) ** 2 < _balls(real, k)).double().mean()
            ),
            "is a squared distance compared with a radius? Take the root, or square both.",
            also=(
                lambda real, generated, k: (
                    (torch.cdist(real, generated).amin(dim=1) < _balls(real, k) ** 2)
                    .double()
                    .mean()
                ),
            ),
        ),
    ),
)


# frechet_distance: between two Gaussians


def _moment_inputs(generator: Generator) -> dict[str, object]:
    """Covariances that share neither axes nor size; means that are never close."""
    d = int(torch.randint(4, 7, (), generator=generator))
    A, B = randn(generator, 2, d, d + 2)
    gap = randn(generator, d)
    mu_a = randn(generator, d)
    return {
        "mu_a": mu_a,
        "Sigma_a": A @ A.T / 3 + 0.05 * torch.eye(d, dtype=torch.float64),
        "mu_b": mu_a + (1.5 + torch.rand((), generator=generator)) * gap / gap.norm(),
        "Sigma_b": B @ B.T / 6 + 0.05 * torch.eye(d, dtype=torch.float64),
    }


def _frechet_distance(mu_a: Tensor, Sigma_a: Tensor, mu_b: Tensor, Sigma_b: Tensor) -> float:
    a, b = Sigma_a.numpy(), Sigma_b.numpy()
    gap = mu_a.numpy() - mu_b.numpy()
    return float(
        gap @ gap + np.trace(a) + np.trace(b) - 2 * np.trace(scipy.linalg.sqrtm(a @ b)).real
    )


def _frechet_with(mixed, means=lambda gap: gap @ gap, twice=2.0) -> object:
    """The distance with another mixed term, or another distance of the means."""

    def mistaken(mu_a: Tensor, Sigma_a: Tensor, mu_b: Tensor, Sigma_b: Tensor) -> Tensor:
        return (
            means(mu_a - mu_b) + Sigma_a.trace() + Sigma_b.trace() - twice * mixed(Sigma_a, Sigma_b)
        )

    return mistaken


def _root(S: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(S)
    return (vectors * values.clamp(min=0).sqrt()) @ vectors.T


def _trace_of_root(a: Tensor, b: Tensor) -> Tensor:
    return torch.linalg.eigvals(a @ b).real.clamp(min=0).sqrt().sum()


FRECHET_DISTANCE = Task(
    name="frechet_distance",
    lesson="09",
    points=3,
    inputs=_moment_inputs,
    reference=_frechet_distance,
    mistakes=(
        Mistake(
            _frechet_with(_trace_of_root, twice=0.0),
            "the mixed term is missing: −2 tr (Σ_a Σ_b)^½.",
        ),
        Mistake(
            _frechet_with(_trace_of_root, twice=1.0),
            "the mixed term counts twice: two equal Gaussians must give 0.",
        ),
        Mistake(
            _frechet_with(_trace_of_root, twice=-2.0),
            "the sign of the mixed term: two equal Gaussians must give 0.",
        ),
        Mistake(
            _frechet_with(lambda a, b: (a @ b).trace()), "the root is missing in the mixed term."
        ),
        Mistake(
            _frechet_with(lambda a, b: (a @ b).abs().sqrt().trace()),
            "that is the root of each entry; the root of a matrix multiplied by itself gives the"
            " matrix.",
            also=(
                _frechet_with(lambda a, b: (a @ b).sqrt().trace()),
                _frechet_with(lambda a, b: (a @ b).clamp(min=0).sqrt().trace()),
            ),
        ),
        Mistake(
            _frechet_with(lambda a, b: torch.linalg.eigvalsh(a @ b).clamp(min=0).sqrt().sum()),
            "Σ_a Σ_b is not symmetric, and `eigh` believes that it is: `eigvals`, or Σ_a^½ Σ_b"
            " Σ_a^½.",
            also=(_frechet_with(lambda a, b: torch.linalg.eigvalsh(a @ b).abs().sqrt().sum()),),
        ),
        Mistake(
            _frechet_with(lambda a, b: (_root(a) @ _root(b)).trace()),
            "the product of the roots is the root of the product only where Σ_a and Σ_b share their"
            " axes.",
        ),
        Mistake(
            _frechet_with(_trace_of_root, means=lambda gap: gap.norm()),
            "the squared distance of the means.",
        ),
        Mistake(
            _frechet_with(_trace_of_root, means=lambda gap: 0.0),
            "the distance of the means is missing.",
        ),
        Mistake(
            lambda **i: _frechet_distance(**i) ** 0.5,
            "no root at the end: the field quotes the squared distance.",
        ),
        Mistake(
            _frechet_with(
                lambda a, b: (torch.linalg.eigvalsh(a) * torch.linalg.eigvalsh(b)).sqrt().sum()
            ),
            "the eigenvalues of a product are not the products of the eigenvalues: take those of"
            " Σ_a Σ_b.",
        ),
        Mistake(
            _frechet_with(lambda a, b: (a.diagonal() * b.diagonal()).sqrt().sum()),
            "that takes the diagonals alone; Σ_a and Σ_b are full.",
        ),
        Mistake(
            _frechet_with(lambda a, b: torch.linalg.eigvals(a @ b).real.sum().sqrt()),
            "first the root of each eigenvalue, then their sum.",
        ),
        Mistake(
            _frechet_with(lambda a, b: torch.linalg.svdvals(a @ b).sqrt().sum()),
            "Σ_a Σ_b is not symmetric: its singular values are not its eigenvalues.",
        ),
        Mistake(
            _frechet_with(_trace_of_root, means=lambda gap: gap.abs().sum()),
            "the squared length of the difference of the means, not its absolute sum.",
        ),
        Mistake(
            _frechet_with(_trace_of_root, means=lambda gap: gap.square().mean()),
            "sum the squared differences of the means; do not average them.",
        ),
        Mistake(
            lambda mu_a, Sigma_a, mu_b, Sigma_b: (
                ((mu_a - mu_b) ** 2).sum() + ((Sigma_a - Sigma_b) ** 2).sum()
            ),
            "the covariances enter by traces: tr(Σ_a + Σ_b − 2 (Σ_a Σ_b)^½), not by squared"
            " differences.",
        ),
        Mistake(
            lambda **i: _frechet_distance(**i) / len(i["mu_a"]),
            "the traces are sums: do not divide by the dimension.",
        ),
        Mistake(
            lambda mu_a, Sigma_a, mu_b, Sigma_b: (
                ((mu_a - mu_b) ** 2).sum()
                - Sigma_a.trace()
                - Sigma_b.trace()
                + 2 * _trace_of_root(Sigma_a, Sigma_b)
            ),
            "the traces are added to the distance of the means.",
        ),
    ),
)

TASKS = (VAE_GAN_LOSSES, CRISPNESS, COVERAGE, FRECHET_DISTANCE)

"""Tasks of lesson 09."""

import numpy as np
import scipy.linalg
import torch
from scipy.special import log_expit
from sklearn.neighbors import NearestNeighbors
from torch import Generator, Tensor
from torch.nn.functional import softplus

from course_utils.exercises.task import Mistake, Part, Task, randn

# vae_gan_losses: who trains on what


def _game_inputs(generator: Generator) -> dict[str, object]:
    B = 4
    return {
        "kl": 20 + randn(generator, 1).abs()[0],
        "distance": 50 + randn(generator, 1).abs()[0],
        "real": 1 + randn(generator, B),
        "copied": randn(generator, B) - 0.5,
        "drawn": randn(generator, B) - 2,
        "gamma": 0.01 + 0.01 * torch.rand(1, generator=generator, dtype=torch.float64)[0],
    }


def _vae_gan_losses(
    kl: Tensor, distance: Tensor, real: Tensor, copied: Tensor, drawn: Tensor, gamma: Tensor
) -> Tensor:
    generated = np.concatenate([copied.numpy(), drawn.numpy()])
    fooled, caught, known = (
        log_expit(generated).mean(),
        log_expit(-generated).mean(),
        log_expit(real.numpy()).mean(),
    )
    return torch.tensor(
        [float(kl + distance), float(gamma * distance) - fooled, -known - caught],
        dtype=torch.float64,
    )


def _mixed(change) -> object:
    """A wrong answer: the right losses, put together by `change(E, D, Dis, parts)`."""

    def answer(kl, distance, real, copied, drawn, gamma):
        generated = torch.cat([copied, drawn])
        parts = {
            "kl": kl,
            "distance": distance,
            "gamma": gamma,
            "fool": softplus(-generated).mean(),
            "real": softplus(-real).mean(),
            "caught": softplus(generated).mean(),
            "copied": copied,
            "drawn": drawn,
            "real_logits": real,
        }
        E, D, Dis = kl + distance, gamma * distance + parts["fool"], parts["real"] + parts["caught"]
        return torch.stack(change(E, D, Dis, parts))

    return answer


def _with(generated: str) -> object:
    return _mixed(
        lambda E, D, Dis, p: (
            E,
            p["gamma"] * p["distance"] + softplus(-p[generated]).mean(),
            p["real"] + softplus(p[generated]).mean(),
        )
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
            "the encoder does not play: no log Dis in its loss.",
        ),
        Mistake(
            _mixed(lambda E, D, Dis, p: (p["kl"], D, Dis)),
            "the encoder's loss lacks the distance of the copies.",
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
                    + softplus(-torch.cat([p["copied"], p["drawn"]])).mean(),
                )
            ),
            "the discriminator's labels are swapped: it wants log Dis(x) and log(1 − Dis(fake))"
            " large.",
        ),
        Mistake(
            _mixed(lambda E, D, Dis, p: (E, D, Dis + p["distance"])),
            "the discriminator plays the game and nothing else.",
        ),
        Mistake(_with("drawn"), "copies are fakes, too: both kinds count."),
        Mistake(_with("copied"), "drawn pictures are fakes, too: both kinds count."),
        Mistake(
            _mixed(
                lambda E, D, Dis, p: (
                    E,
                    p["gamma"] * p["distance"] + 2 * p["fool"],
                    p["real"] + 2 * p["caught"],
                )
            ),
            "one mean over all fakes, copies and drawn together, not the sum of two means.",
        ),
    ),
)


# crispness: how much of the edges a copy keeps


def _picture_inputs(generator: Generator) -> dict[str, object]:
    original, copied = torch.rand(2, 3, 5, 6, generator=generator, dtype=torch.float64)
    return {"copied": torch.tensor([0.2, 0.5, 0.9])[:, None, None] * copied, "original": original}


def _crispness(copied: Tensor, original: Tensor) -> float:
    energy = [
        sum((np.diff(x.numpy(), axis=axis) ** 2).sum() for axis in (1, 2))
        for x in (copied, original)
    ]
    return float(energy[0] / energy[1])


def _ratio(energy) -> object:
    """A wrong answer: copies over originals, with a wrong `energy` of a batch."""
    return lambda copied, original: energy(copied) / energy(original)


def _energies(x: Tensor) -> Tensor:
    return x.diff(dim=1).square().sum(dim=(1, 2)) + x.diff(dim=2).square().sum(dim=(1, 2))


CRISPNESS = Task(
    name="crispness",
    lesson="09",
    points=2,
    inputs=_picture_inputs,
    reference=_crispness,
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
            lambda copied, original: (_energies(copied) / _energies(original)).mean(),
            "divide the sums over the whole batch; a mean of ratios lets faint pictures count"
            " most.",
        ),
        Mistake(
            lambda copied, original: _energies(original).sum() / _energies(copied).sum(),
            "upside down: copies over originals.",
        ),
        Mistake(
            lambda copied, original: _energies(copied) / _energies(original),
            "one number for the whole batch.",
        ),
    ),
)


# coverage: how much of the real pictures is met


def _cloud_inputs(generator: Generator) -> dict[str, object]:
    far = 4 + 0.5 * randn(generator, 15, 2)  # a fifth of the made ones lies in no ball
    generated = torch.cat([0.6 * randn(generator, 60, 2) + 0.5, far])
    k = int(torch.randint(3, 7, (), generator=generator))
    return {
        "real": randn(generator, 150, 2),
        "generated": generated[torch.randperm(75, generator=generator)],
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
            "that counts made pictures that lie in some ball; count the balls that hold one.",
        ),
        Mistake(
            lambda real, generated, k: (
                (torch.cdist(generated, real) < _balls(real, k)).double().sum()
                / (k * len(generated))
            ),
            "that is the density: it counts a ball once for every picture in it.",
        ),
        Mistake(
            lambda real, generated, k: (
                (torch.cdist(real, generated).amin(dim=1) < _balls(real, k - 1)).double().mean()
            ),
            "a picture is not a neighbour of itself: the k-th of the others is place k + 1.",
        ),
        Mistake(
            lambda real, generated, k: (
                (torch.cdist(real, generated) < _balls(generated, k)).any(dim=1).double().mean()
            ),
            "the balls stand around real pictures, not around made ones.",
        ),
        Mistake(
            lambda real, generated, k: (
                (torch.cdist(real, generated).amin(dim=1) < _balls(real, k)).double().sum()
            ),
            "a share of the balls, not how many.",
        ),
    ),
)


# frechet_distance: between two Gaussians


def _moment_inputs(generator: Generator) -> dict[str, object]:
    A, B = randn(generator, 2, 4, 6)
    return {
        "mu_a": randn(generator, 4),
        "Sigma_a": A @ A.T / 3,
        "mu_b": randn(generator, 4),
        "Sigma_b": B @ B.T / 6,
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
    ),
)

TASKS = (VAE_GAN_LOSSES, CRISPNESS, COVERAGE, FRECHET_DISTANCE)

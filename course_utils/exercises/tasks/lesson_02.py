"""Tasks of lesson 02."""

import math

import numpy as np
import scipy.linalg
import torch
from torch import Generator, Tensor

from course_utils.exercises.task import Mistake, Task, randn

# reconstruction_error: squared error of PCA with k axes, summed over pixels, averaged over images


def _error_inputs(generator: Generator) -> dict[str, object]:
    stretch = torch.linspace(3, 0.5, 6, dtype=torch.float64)
    x = randn(generator, 40, 6) * stretch + 2 * randn(generator, 6)
    return {"x": x, "k": int(torch.randint(1, 5, (), generator=generator))}


def _error(x: Tensor, k: int) -> float:
    """Through the eigenvalues of the covariance, where the lesson goes through the pictures."""
    covariance = np.cov(x.numpy(), rowvar=False, bias=True)
    return float(np.linalg.eigvalsh(covariance)[: x.shape[1] - k].sum())


def _error_uncentred(x: Tensor, k: int) -> Tensor:
    _, S, _ = torch.linalg.svd(x, full_matrices=False)
    return (S[k:] ** 2).sum() / len(x)


def _mean_not_added_back(x: Tensor, k: int) -> Tensor:
    c = x - x.mean(dim=0)
    V = torch.linalg.svd(c, full_matrices=False)[2][:k]
    return ((c @ V.T @ V - x) ** 2).sum(dim=1).mean()


def _rows_for_columns(x: Tensor, k: int) -> Tensor:
    c = x - x.mean(dim=0)
    V = torch.linalg.svd(c, full_matrices=False)[2][:, :k]
    return ((c @ V @ V.T - c) ** 2).sum(dim=1).mean()


def _unsorted_axes(x: Tensor, k: int) -> Tensor:
    c = x - x.mean(dim=0)
    V = torch.linalg.eigh(c.T @ c)[1][:, :k].T
    return ((c @ V.T @ V - c) ** 2).sum(dim=1).mean()


RECONSTRUCTION_ERROR = Task(
    name="reconstruction_error",
    lesson="02",
    points=1,
    inputs=_error_inputs,
    reference=_error,
    mistakes=(
        Mistake(
            lambda x, k: _error(x, k) / x.shape[1],
            "is that a mean over pixels? Sum over pixels, mean over images.",
        ),
        Mistake(
            lambda x, k: _error(x, k) * len(x),
            "is that a sum over images? Sum over pixels, mean over images.",
        ),
        Mistake(
            lambda x, k: _error(x, k) * len(x) / (len(x) - 1),
            "divide by N, not by N − 1 (torch.cov and np.cov do that).",
        ),
        Mistake(
            lambda x, k: math.sqrt(_error(x, k)),
            "is that a root? The error is the squared distance.",
        ),
        Mistake(_error_uncentred, "did you subtract the mean before the SVD?"),
        Mistake(
            _mean_not_added_back,
            "x̂ lies around the origin: add the mean back before comparing it with x.",
        ),
        Mistake(
            _rows_for_columns,
            "the last thing that torch.linalg.svd returns is Vᵀ: its rows are the axes.",
        ),
        Mistake(
            _unsorted_axes,
            "these are the axes of *smallest* variance: torch.linalg.eigh sorts upwards.",
        ),
    ),
)


# principal_angles: between the row spaces of two (k, D) matrices, in degrees, ascending


def _angle_inputs(generator: Generator) -> dict[str, object]:
    """Two spaces that share one direction: an angle of 0, whose cosine a computer may take for a
    little more than 1.
    """
    k = int(torch.randint(2, 5, (), generator=generator))
    A = randn(generator, k, 9)
    mix = randn(generator, k, k) + 2 * torch.eye(k, dtype=torch.float64)
    distant = 0.5 * randn(generator, k, 9)
    distant[0] = 0
    return {"A": A, "B": mix @ (A + distant)}


def _angles(A: Tensor, B: Tensor) -> np.ndarray:
    return np.degrees(scipy.linalg.subspace_angles(A.numpy().T, B.numpy().T))[::-1].copy()


def _row_by_row(A: Tensor, B: Tensor) -> Tensor:
    cosines = torch.nn.functional.cosine_similarity(A, B, dim=1).abs().clamp(max=1)
    return torch.rad2deg(cosines.arccos()).sort().values


def _not_orthonormal(A: Tensor, B: Tensor) -> Tensor:
    return torch.rad2deg(torch.linalg.svdvals(A @ B.T).clamp(max=1).arccos())


PRINCIPAL_ANGLES = Task(
    name="principal_angles",
    lesson="02",
    points=2,
    inputs=_angle_inputs,
    reference=_angles,
    atol=1e-4,
    mistakes=(
        Mistake(
            lambda A, B: np.radians(_angles(A, B)), "these are radians; the task asks for degrees."
        ),
        Mistake(
            lambda A, B: np.cos(np.radians(_angles(A, B))),
            "these are the cosines; take arccos, then degrees.",
        ),
        Mistake(
            lambda A, B: _angles(A, B)[::-1].copy(),
            "the right angles, the wrong way round: smallest first.",
        ),
        Mistake(
            lambda A, B: float(_angles(A, B)[-1]), "that is the largest angle alone; return all k."
        ),
        Mistake(
            _row_by_row,
            "these are angles between single rows; other rows can span the same space. QR, then"
            " SVD.",
        ),
        Mistake(
            _not_orthonormal,
            "the bases must be orthonormal: torch.linalg.qr works on columns, so pass A.T, and then"
            " Q_Aᵀ Q_B.",
        ),
    ),
)


# ppca_log_density: log N(x | μ, V diag(λ − σ²) Vᵀ + σ² I), one number for each picture


def _gaussian_inputs(generator: Generator) -> dict[str, object]:
    d, k = 250, int(torch.randint(2, 5, (), generator=generator))
    V = torch.linalg.qr(randn(generator, d, k))[0].T
    lam = 1 + 3 * torch.rand(k, generator=generator, dtype=torch.float64)
    noise = 0.01 + 0.02 * torch.rand((), generator=generator, dtype=torch.float64)
    mu = randn(generator, d)
    x = mu + (lam.sqrt() * randn(generator, 6, k)) @ V + noise.sqrt() * randn(generator, 6, d)
    return {"x": x, "mu": mu, "V": V, "lam": lam, "noise": noise}


def _log_density(x: Tensor, mu: Tensor, V: Tensor, lam: Tensor, noise: Tensor) -> np.ndarray:
    """With the whole d × d covariance, where the task avoids it."""
    covariance = V.T.numpy() @ np.diag(lam - noise) @ V.numpy() + float(noise) * np.eye(len(mu))
    c = x.numpy() - mu.numpy()
    log_det = np.linalg.slogdet(covariance)[1]
    return -0.5 * (
        (c @ np.linalg.inv(covariance) * c).sum(axis=1) + log_det + len(mu) * np.log(2 * np.pi)
    )


def _density_of(
    along=1.0,
    across=1.0,
    log_along=1.0,
    log_across=1.0,
    pi=1.0,
    whole=1.0,
    outside=1.0,
    centre=True,
    less=0.0,
) -> object:
    """The formula with other weights on its terms."""

    def mistaken(x: Tensor, mu: Tensor, V: Tensor, lam: Tensor, noise: Tensor) -> Tensor:
        c, d, k = x - mu if centre else x, len(mu), len(lam)
        z, lam = c @ V.T, lam - less * noise
        rest = (c**2).sum(dim=1) - outside * (z**2).sum(dim=1)
        distance = along * (z**2 / lam).sum(dim=1) + across * rest / noise
        logs = (
            log_along * lam.log().sum()
            + log_across * (d - k) * noise.log()
            + pi * d * math.log(2 * math.pi)
        )
        return -0.5 * whole * (distance + logs)

    return mistaken


PPCA_LOG_DENSITY = Task(
    name="ppca_log_density",
    lesson="02",
    points=3,
    inputs=_gaussian_inputs,
    reference=_log_density,
    rtol=1e-6,
    mistakes=(
        Mistake(_density_of(pi=0.0), "the factor (2π)^(−d/2) is missing."),
        Mistake(
            _density_of(across=0.0),
            "what lies outside the subspace is missing: |x − μ|² − |z|², divided by σ².",
        ),
        Mistake(
            _density_of(outside=0.0), "what lies outside the subspace is |x − μ|² *minus* |z|²."
        ),
        Mistake(
            _density_of(log_across=0.0),
            "the determinant has d directions: d − k of them give log σ² each.",
        ),
        Mistake(
            _density_of(log_along=0.0, log_across=0.0),
            "log det is missing: a wider Gaussian is lower.",
        ),
        Mistake(
            _density_of(less=1.0),
            "along axis i the variance is λᵢ: the code gives λᵢ − σ², the noise σ² on top.",
        ),
        Mistake(_density_of(centre=False), "subtract μ first."),
        Mistake(_density_of(whole=2.0), "what about the ½ in front?"),
        Mistake(_density_of(whole=-1.0), "the sign: that is −log p(x)."),
        Mistake(
            lambda x, mu, V, lam, noise: float(_log_density(x, mu, V, lam, noise).mean()),
            "that is the mean over pictures; return one number each.",
        ),
    ),
)

TASKS = (RECONSTRUCTION_ERROR, PRINCIPAL_ANGLES, PPCA_LOG_DENSITY)

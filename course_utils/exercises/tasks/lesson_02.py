"""Tasks of lesson 02."""

import math
from collections.abc import Callable

import numpy as np
import scipy.linalg
import scipy.special
import torch
from torch import Generator, Tensor

from course_utils.exercises.task import Mistake, Task, randn

# variance_while_turning: power iteration, and the captured variance on the way


def _turning_inputs(generator: Generator) -> dict[str, object]:
    """Data far from the origin, as large as pixels up to 255: without division by the length a
    direction overflows on the way. The start is not of length 1, and catches little variance.
    """
    d, N, steps = (
        int(torch.randint(*between, (), generator=generator))
        for between in ((4, 7), (30, 40), (90, 110))
    )
    rotation, _ = torch.linalg.qr(randn(generator, d, d))
    stretch = torch.linspace(60, 30, d, dtype=torch.float64)
    x = (randn(generator, N, d) * stretch + 40) @ rotation
    _, axes = torch.linalg.eigh(x.T.cov())
    mix = 0.2 + 0.2 * torch.rand(d, generator=generator, dtype=torch.float64)
    mix[0] = 2
    length = 3 + torch.rand((), generator=generator, dtype=torch.float64)
    return {"x": x, "v": length * (axes @ mix), "steps": steps}


def _variances(x: Tensor, v: Tensor, steps: int) -> np.ndarray:
    """In the basis of the eigenvectors, where each turn multiplies coordinate i by λᵢ."""
    values, vectors = np.linalg.eigh(np.cov(x.numpy(), rowvar=False, bias=True))
    t = np.arange(steps + 1)[:, None]
    weights = scipy.special.softmax(
        2 * t * np.log(values) + 2 * np.log(np.abs(vectors.T @ v.numpy())), axis=1
    )
    return weights @ values


def _turned_by(
    turn: Callable = lambda C, v: C @ v,
    length: Callable = lambda v: v.norm(),
    first: Callable = lambda v: v / v.norm(),
    covariance: Callable = lambda x: x.T.cov(correction=0),
    measured: Callable = lambda C, v: v @ C @ v,
) -> Callable:
    """Power iteration with another turn, length, start, covariance or measure."""

    def mistaken(x: Tensor, v: Tensor, steps: int) -> Tensor:
        C, v = covariance(x), first(v)
        variances = [measured(C, v)]
        for _ in range(steps):
            v = turn(C, v)
            v = v / length(v)
            variances.append(measured(C, v))
        return torch.stack(variances)

    return mistaken


def _rayleigh(C: Tensor, v: Tensor) -> Tensor:
    return v @ C @ v / (v @ v)


VARIANCE_WHILE_TURNING = Task(
    name="variance_while_turning",
    lesson="02",
    points=2,
    inputs=_turning_inputs,
    reference=_variances,
    rtol=1e-3,  # single precision is fine
    mistakes=(
        Mistake(
            _turned_by(covariance=lambda x: x.T @ x / len(x)),
            "subtract the mean first: the variance is measured from μ, not from the origin.",
        ),
        Mistake(
            _turned_by(covariance=lambda x: (x - x.mean()).T @ (x - x.mean()) / len(x)),
            "every coordinate has a mean of its own: x.mean(dim=0).",
        ),
        Mistake(
            lambda x, v, steps: _variances(x, v, steps) * len(x) / (len(x) - 1),
            "divide by N, not by N − 1 (torch.cov, np.cov and var do that).",
        ),
        Mistake(
            lambda x, v, steps: _variances(x, v, steps) * len(x),
            "is that a sum over the data? The variance is the mean of z².",
        ),
        Mistake(
            _turned_by(covariance=lambda x: x.T.corrcoef()),
            "no scaling: subtract the mean, and nothing else.",
        ),
        Mistake(
            _turned_by(first=lambda v: v),
            "the start need not have length 1: divide it by its length before you measure.",
        ),
        Mistake(
            _turned_by(length=lambda v: 1.0),
            "the direction grows with every turn: divide by its length each time.",
            also=(
                _turned_by(length=lambda v: 1.0, first=lambda v: v),
                _turned_by(length=lambda v: 1.0, measured=_rayleigh),
                _turned_by(length=lambda v: 1.0, first=lambda v: v, measured=_rayleigh),
            ),
        ),
        Mistake(
            _turned_by(length=lambda v: v.abs().max(), first=lambda v: v / v.abs().max()),
            "the length is the root of the sum of squares: v.norm().",
            also=(
                _turned_by(length=lambda v: v.abs().sum(), first=lambda v: v / v.abs().sum()),
                _turned_by(length=lambda v: v @ v, first=lambda v: v / (v @ v)),
                _turned_by(length=lambda v: v.abs().max()),
                _turned_by(length=lambda v: v.abs().sum()),
            ),
        ),
        Mistake(
            _turned_by(turn=lambda C, v: v + C @ v / C.trace()),
            "the rule replaces v by Cv; it does not add Cv to v.",
            also=(
                _turned_by(turn=lambda C, v: v + 0.1 * C @ v / C.trace()),
                _turned_by(turn=lambda C, v: v + 2 * C @ v / C.trace()),
            ),
        ),
        Mistake(
            _turned_by(measured=lambda C, v: (C @ v).norm()),
            "the length of Cv is the variance only where v is an eigenvector: take the mean of z².",
            also=(_turned_by(measured=lambda C, v: (C @ v).norm() ** 2),),
        ),
        Mistake(
            lambda x, v, steps: np.sqrt(_variances(x, v, steps)),
            "those are standard deviations: the variance is the mean of z², without a root.",
        ),
        Mistake(
            lambda x, v, steps: float(x.var(dim=0, correction=0).sum()) - _variances(x, v, steps),
            "that is the error, what the axis loses; return the variance that it keeps.",
        ),
        Mistake(
            lambda x, v, steps: _variances(x, v, steps) / float(x.var(dim=0, correction=0).sum()),
            "that is the share of the variance; return the variance itself.",
        ),
        Mistake(
            lambda x, v, steps: _variances(x, v, steps)[1:],
            "steps + 1 numbers: the first is the variance of the start, before any turn.",
        ),
        Mistake(
            lambda x, v, steps: _variances(x, v, steps + 1)[1:],
            "measure first, then turn: the first number belongs to the start.",
        ),
        Mistake(
            lambda x, v, steps: _variances(x, v, steps)[:-1],
            "steps + 1 numbers: the last is the variance after the last turn.",
        ),
        Mistake(
            lambda x, v, steps: float(_variances(x, v, steps)[-1]),
            "that is the variance at the end alone; return one number for the start and for every"
            " turn.",
        ),
        Mistake(
            lambda x, v, steps: np.full(steps + 1, np.linalg.eigvalsh(np.cov(x.T, ddof=0))[-1]),
            "that is λ₁ from the start: return how the variance gets there, turn by turn.",
        ),
    ),
)


# reconstruction_error: squared error of PCA with k axes, summed over pixels, averaged over images


def _error_inputs(generator: Generator) -> dict[str, object]:
    """Data whose mean is not 0, shifted along a direction of small variance."""
    stretch = torch.linspace(3, 0.5, 7, dtype=torch.float64)
    rotation, _ = torch.linalg.qr(randn(generator, 7, 7))
    x = randn(generator, int(torch.randint(35, 45, (), generator=generator)), 7) * stretch
    x[:, 6] += 5
    return {"x": x @ rotation, "k": int(torch.randint(2, 6, (), generator=generator))}


def _error(x: Tensor, k: int) -> float:
    """From the eigenvalues of the covariance; the lesson computes the reconstructions."""
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


def _other_axes(axes) -> object:
    """The error with other axes: `axes` chooses them from the rows of Vᵀ."""

    def mistaken(x: Tensor, k: int) -> Tensor:
        c = x - x.mean(dim=0)
        V = axes(torch.linalg.svd(c)[2], k)
        return ((c @ V.T @ V - c) ** 2).sum(dim=1).mean()

    return mistaken


def _standardized(x: Tensor, k: int) -> float:
    return _error((x - x.mean(dim=0)) / x.std(dim=0), k)


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
        Mistake(
            lambda x, k: _error(x, 0) - _error(x, k),
            "that is the variance that the k axes keep; the error is what they lose.",
        ),
        Mistake(
            lambda x, k: _error(x, k) / _error(x, 0),
            "that is the share of the variance that is lost; return the error itself.",
        ),
        Mistake(
            lambda x, k: 1 - _error(x, k) / _error(x, 0),
            "that is the share of the variance that is kept; return the error.",
        ),
        Mistake(
            lambda x, k: torch.linalg.svdvals(x - x.mean(dim=0))[k:].sum() / len(x),
            "squared singular values: S², summed from axis k + 1 on and divided by N.",
            also=(lambda x, k: torch.linalg.svdvals(x - x.mean(dim=0))[k:].sum(),),
        ),
        Mistake(
            _other_axes(lambda V, k: V[: k - 1]), "that keeps one axis too few: the first k, [:k]."
        ),
        Mistake(
            _other_axes(lambda V, k: V[: k + 1]), "that keeps one axis too many: the first k, [:k]."
        ),
        Mistake(_other_axes(lambda V, k: V[k - 1 : k]), "that is axis k alone; keep the first k."),
        Mistake(
            _standardized, "no scaling: PCA in this lesson subtracts the mean, and nothing else."
        ),
        Mistake(
            lambda x, k: (x - x.mean(dim=0)).square().sum(dim=1).mean(),
            "that is the error of the mean image alone, k = 0: add the k axes.",
        ),
    ),
)


# principal_angles: between the row spaces of two (k, D) matrices, in degrees, ascending


def _angle_inputs(generator: Generator) -> dict[str, object]:
    """Two spaces with an angle of 0, whose computed cosine is slightly above 1, and one of 90°."""
    k, d = (int(torch.randint(*between, (), generator=generator)) for between in ((3, 6), (11, 14)))
    while True:
        A = randn(generator, k, d)
        mix = randn(generator, k, k) + 2 * torch.eye(k, dtype=torch.float64)
        beside = A + 0.5 * randn(generator, k, d)
        beside[0] = -A[0]
        beside[1] -= beside[1] @ torch.linalg.pinv(A) @ A
        B = mix @ beside
        cosines = torch.linalg.qr(A.T)[0].T @ torch.linalg.qr(B.T)[0]
        if torch.linalg.svdvals(cosines)[0] > 1 and torch.linalg.cond(mix) < 30:
            return {"A": A, "B": B}


def _angles(A: Tensor, B: Tensor) -> np.ndarray:
    return np.degrees(scipy.linalg.subspace_angles(A.numpy().T, B.numpy().T))[::-1].copy()


def _row_by_row(A: Tensor, B: Tensor) -> Tensor:
    cosines = torch.nn.functional.cosine_similarity(A, B, dim=1).abs().clamp(max=1)
    return torch.rad2deg(cosines.arccos()).sort().values


def _cosines(basis) -> object:
    """The angles computed from other bases, or without the clamp."""

    def mistaken(A: Tensor, B: Tensor, most: float = 1.0) -> Tensor:
        cosines = torch.linalg.svdvals(basis(A).T @ basis(B)).clamp(max=most)
        return torch.rad2deg(cosines.arccos())

    return mistaken


def _orthonormal(A: Tensor) -> Tensor:
    return torch.linalg.qr(A.T)[0]


def _squared(A: Tensor, B: Tensor) -> Tensor:
    product = _orthonormal(A).T @ _orthonormal(B)
    cosines = torch.linalg.eigvalsh(product @ product.T).flip(0).clamp(0, 1)
    return torch.rad2deg(cosines.arccos())


def _entries(A: Tensor, B: Tensor) -> Tensor:
    """From the diagonal of the product, as if the bases corresponded one to one."""
    product = _orthonormal(A).T @ _orthonormal(B)
    return torch.rad2deg(product.diagonal().abs().clamp(max=1).arccos()).sort().values


def _not_orthonormal(A: Tensor, B: Tensor) -> Tensor:
    return torch.rad2deg(torch.linalg.svdvals(A @ B.T).clamp(max=1).arccos())


PRINCIPAL_ANGLES = Task(
    name="principal_angles",
    lesson="02",
    points=2,
    inputs=_angle_inputs,
    reference=_angles,
    atol=0.1,  # single precision is fine: arccos turns a 1e-7 below 1 into 0.03°
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
        Mistake(
            _cosines(lambda A: A.T / A.T.norm(dim=0)),
            "rows of length 1 are not yet perpendicular to each other: torch.linalg.qr of A.T makes"
            " them so.",
        ),
        Mistake(
            lambda A, B: _cosines(lambda A: torch.linalg.qr(A)[0])(A, B),
            "torch.linalg.qr works on columns: pass A.T, whose columns span the space, not A.",
        ),
        Mistake(
            lambda A, B: _cosines(_orthonormal)(A, B, most=2.0),
            "rounding can push a cosine a hair above 1, where arccos is NaN: clamp to 1 first.",
        ),
        Mistake(
            _squared,
            "the eigenvalues of M Mᵀ are the squared cosines: take the root, or singular values.",
        ),
        Mistake(
            _entries,
            "the entries of Q_Aᵀ Q_B depend on the bases: take its singular values.",
        ),
        Mistake(
            lambda A, B: 90 - _angles(A, B)[::-1],
            "that is arcsin of the cosines: take arccos.",
        ),
    ),
)


# ppca_log_density: log N(x | μ, V diag(λ − σ²) Vᵀ + σ² I), one number for each image


def _gaussian_inputs(generator: Generator) -> dict[str, object]:
    """So many dimensions that exp of the log determinant is 0; one axis has little but noise."""
    d, k = (
        int(torch.randint(*between, (), generator=generator)) for between in ((240, 260), (2, 5))
    )
    V = torch.linalg.qr(randn(generator, d, k))[0].T
    lam = 1 + 3 * torch.rand(k, generator=generator, dtype=torch.float64)
    noise = 0.01 + 0.02 * torch.rand((), generator=generator, dtype=torch.float64)
    lam[-1] = 2 * noise
    mu = randn(generator, d)
    x = mu + (lam.sqrt() * randn(generator, 6, k)) @ V + noise.sqrt() * randn(generator, 6, d)
    return {"x": x, "mu": mu, "V": V, "lam": lam, "noise": noise}


def _log_density(x: Tensor, mu: Tensor, V: Tensor, lam: Tensor, noise: Tensor) -> np.ndarray:
    """With the full d × d covariance, which the task avoids."""
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
    square=1.0,
    pi_dims=lambda d, k: d,
    noise_dims=lambda d, k: d - k,
) -> object:
    """The formula with other weights, other numbers of dimensions, or another power of σ."""

    def mistaken(x: Tensor, mu: Tensor, V: Tensor, lam: Tensor, noise: Tensor) -> Tensor:
        c, d, k = x - mu if centre else x, len(mu), len(lam)
        noise = noise**square
        z, lam = c @ V.T, lam - less * noise
        rest = (c**2).sum(dim=1) - outside * (z**2).sum(dim=1)
        distance = along * (z**2 / lam).sum(dim=1) + across * rest / noise
        logs = (
            log_along * lam.log().sum()
            + log_across * noise_dims(d, k) * noise.log()
            + pi * pi_dims(d, k) * math.log(2 * math.pi)
        )
        return -0.5 * whole * (distance + logs)

    return mistaken


def _determinant_itself(x: Tensor, mu: Tensor, V: Tensor, lam: Tensor, noise: Tensor) -> Tensor:
    log_det = (lam.prod() * noise ** (len(mu) - len(lam))).log()
    return _density_of(log_along=0.0, log_across=0.0)(x, mu, V, lam, noise) - 0.5 * log_det


PPCA_LOG_DENSITY = Task(
    name="ppca_log_density",
    lesson="02",
    points=3,
    inputs=_gaussian_inputs,
    reference=_log_density,
    rtol=1e-5,
    atol=0.01,  # single precision is fine: it loses a thousandth of a nat outside the subspace
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
            _density_of(less=-1.0),
            "`lam` holds the variances along the axes, the noise included: do not add it again.",
        ),
        Mistake(
            _density_of(pi_dims=lambda d, k: k),
            "the 2π counts once for each of the d dimensions, not for the k axes alone.",
        ),
        Mistake(
            _density_of(noise_dims=lambda d, k: 1),
            "log σ² counts d − k times in the log determinant, once for each other direction.",
        ),
        Mistake(
            _density_of(noise_dims=lambda d, k: d),
            "log σ² counts d − k times, not d times: along the k axes the variance is λᵢ.",
        ),
        Mistake(_density_of(square=2.0), "`noise` is the variance σ² already: do not square it."),
        Mistake(_density_of(square=0.5), "`noise` is the variance σ² itself: no root of it."),
        Mistake(
            _density_of(along=2.0, across=2.0),
            "the ½ belongs in front of the squared distance, too.",
        ),
        Mistake(
            _density_of(log_along=2.0, log_across=2.0),
            "the ½ belongs in front of log det, too: it is the root of the determinant.",
        ),
        Mistake(
            _density_of(pi=2.0),
            "the ½ belongs in front of d log 2π, too: (2π)^(d/2).",
        ),
        Mistake(_density_of(log_along=0.0), "the determinant has the k variances λᵢ, too."),
        Mistake(
            _density_of(along=0.0),
            "the distance along the axes is missing: z², divided by λ.",
        ),
        Mistake(
            _determinant_itself,
            "the determinant itself is 0 for a computer: sum the logarithms of the variances.",
        ),
        Mistake(
            lambda x, mu, V, lam, noise: float(_log_density(x, mu, V, lam, noise).mean()),
            "that is the mean over images; return one number each.",
        ),
    ),
)

TASKS = (VARIANCE_WHILE_TURNING, RECONSTRUCTION_ERROR, PRINCIPAL_ANGLES, PPCA_LOG_DENSITY)

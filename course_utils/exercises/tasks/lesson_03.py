"""Tasks of lesson 03."""

from functools import partial

import numpy as np
import torch
from scipy.special import expit, xlog1py, xlogy
from torch import Generator, Tensor
from torch.nn.functional import binary_cross_entropy, mse_loss, softplus

from course_utils.exercises.task import Affine, Mistake, Part, Task, randn

# cross_entropy: of pixels and logits, one number per image, safe for large logits


def _pixel_inputs(generator: Generator) -> dict[str, object]:
    """Row 0 has logits so large, right or wrong, that the log of their sigmoid is −∞ or 0."""
    logits = 3 * randn(generator, 5, 12)
    x = torch.rand(5, 12, generator=generator, dtype=torch.float64)
    logits[0, :5] = torch.tensor([200.0, -900.0, 900.0, 40.0, -750.0])
    x[1:, 0], x[1:, 1] = 0.0, 1.0
    logits[0, 5:7], x[0, 5:7] = torch.tensor([900.0, -900.0]), torch.tensor([1.0, 0.0])
    pixels = torch.randperm(12, generator=generator)
    return {"logits": logits[:, pixels], "x": x[:, pixels]}


def _cross_entropy(logits: Tensor, x: Tensor) -> np.ndarray:
    """From log σ(l) = −log(1 + e^−l), by NumPy's logaddexp."""
    l, ink = logits.numpy(), x.numpy()  # noqa: E741 (the lesson's symbol)
    return (ink * np.logaddexp(0, -l) + (1 - ink) * np.logaddexp(0, l)).sum(axis=1)


def _plain(logits: Tensor, x: Tensor) -> np.ndarray:
    p = expit(logits.numpy())
    with np.errstate(divide="ignore", invalid="ignore"):
        return -(x.numpy() * np.log(p) + (1 - x.numpy()) * np.log(1 - p)).sum(axis=1)


def _only_ink(logits: Tensor, x: Tensor) -> np.ndarray:
    return (x.numpy() * np.logaddexp(0, -logits.numpy())).sum(axis=1)


def _clamped(eps: float) -> object:
    def mistaken(logits: Tensor, x: Tensor) -> np.ndarray:
        p = expit(logits.numpy()).clip(eps, 1 - eps)
        return -(xlogy(x.numpy(), p) + xlog1py(1 - x.numpy(), -p)).sum(axis=1)

    return mistaken


def _shifted(eps: float) -> object:
    def mistaken(logits: Tensor, x: Tensor) -> Tensor:
        p = logits.sigmoid()
        return -(x * (p + eps).log() + (1 - x) * (1 - p + eps).log()).sum(dim=1)

    return mistaken


def _stable(logits: Tensor, x: Tensor) -> Tensor:
    """One number per pixel."""
    return x * softplus(-logits) + (1 - x) * softplus(logits)


CROSS_ENTROPY = Task(
    name="cross_entropy",
    lesson="03",
    points=2,
    inputs=_pixel_inputs,
    reference=_cross_entropy,
    parts=(Part("ordinary logits", 1, 1), Part("logits of ±900", 1, 0, 1)),
    mistakes=(
        Mistake(
            lambda logits, x: _cross_entropy(logits, x) / x.shape[1],
            "is that a mean over pixels? Sum over pixels.",
        ),
        Mistake(
            lambda logits, x: float(_cross_entropy(logits, x).mean()),
            "that is the mean over images; return one number each.",
        ),
        Mistake(
            lambda logits, x: -_cross_entropy(logits, x), "the sign: a loss is −log, and positive."
        ),
        Mistake(
            _plain,
            "σ(900) is exactly 1, and exp(900) infinite: log σ(l) = −softplus(−l), log(1 − σ(l)) ="
            " −softplus(l).",
        ),
        Mistake(
            _clamped(1e-7),
            "clamp or + ε cap the loss just where the model is most wrong: use log σ(l) ="
            " −softplus(−l).",
            also=(
                lambda logits, x: binary_cross_entropy(logits.sigmoid(), x, reduction="none").sum(
                    dim=1
                ),
                *(
                    lambda logits, x, most=most: _cross_entropy(logits.clamp(-most, most), x)
                    for most in (10, 20, 30, 50, 80, 100, 500)
                ),
            )
            + tuple(_clamped(eps) for eps in (1e-5, 1e-6, 1e-8, 1e-9, 1e-10, 1e-12))
            + tuple(_shifted(eps) for eps in (1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)),
        ),
        Mistake(
            lambda logits, x: _cross_entropy(-logits, x),
            "σ(l) is the ink: x goes with log σ(l), 1 − x with log(1 − σ(l)).",
        ),
        Mistake(_only_ink, "the empty part of each pixel is missing: + (1 − x) log(1 − σ(l))."),
        Mistake(
            lambda logits, x: _cross_entropy(logits, x) / np.log(2),
            "these are bits; nats come from the natural logarithm.",
        ),
        Mistake(
            lambda logits, x: _stable(logits, x).sum(dim=0),
            "that is one number per pixel: sum over the pixels, dim 1, not over the images.",
        ),
        Mistake(lambda logits, x: _stable(logits, x), "sum over the pixels: one number per image."),
        Mistake(
            lambda logits, x: _cross_entropy(logits, x.round()),
            "pixels may be grey: weigh both logarithms, by x and by 1 − x; do not round x.",
            also=(lambda logits, x: _cross_entropy(logits, (x > 0).double()),),
        ),
        Mistake(
            lambda logits, x: _cross_entropy(logits.sigmoid(), x),
            "is a sigmoid applied twice? softplus takes the logits themselves.",
        ),
        Mistake(
            lambda logits, x: mse_loss(logits.sigmoid(), x, reduction="none").sum(dim=1),
            "that is the squared error; the task asks for the cross-entropy.",
        ),
    ),
)

# slerp: along the arc between two codes


def _path_inputs(generator: Generator, case: int = 0) -> dict[str, object]:
    """Codes that are nearly parallel, nearly opposite or neither, in turn; none has length 1."""
    k, n = (int(torch.randint(*between, (), generator=generator)) for between in ((8, 10), (3, 8)))
    between = torch.tensor([(0.1, 0.13), (3.02, 3.06), (1.7, 2.2)])[case]
    angle = between[0] + (between[1] - between[0]) * torch.rand((), generator=generator)
    u, w = torch.linalg.qr(randn(generator, k, 2))[0].T
    lengths = 1.5 + torch.rand(2, generator=generator, dtype=torch.float64)
    lengths[int(torch.randint(2, (), generator=generator))] *= 2
    return {"z0": lengths[0] * u, "z1": lengths[1] * (angle.cos() * u + angle.sin() * w), "n": n}


def _arc(z0: Tensor, z1: Tensor, t: np.ndarray) -> np.ndarray:
    """From the part of z1 perpendicular to z0; the formula has two sines of the angle."""
    a, b = z0.numpy(), z1.numpy()
    u = a / np.linalg.norm(a)
    w = b / np.linalg.norm(b) - (b @ u) / np.linalg.norm(b) * u
    angle = np.arctan2(np.linalg.norm(w), b @ u / np.linalg.norm(b))
    share_of_b = np.sin(t * angle) / np.sin(angle)
    share_of_a = np.cos(t * angle) - share_of_b * np.cos(angle)
    return share_of_a[:, None] * a + share_of_b[:, None] * b


def _slerp(z0: Tensor, z1: Tensor, n: int) -> np.ndarray:
    return _arc(z0, z1, np.linspace(0, 1, n))


def _line(z0: Tensor, z1: Tensor, n: int) -> np.ndarray:
    t = np.linspace(0, 1, n)[:, None]
    return (1 - t) * z0.numpy() + t * z1.numpy()


def _angle_of_dot(z0: Tensor, z1: Tensor, n: int, *, cut: bool = True) -> np.ndarray:
    product = float(z0 @ z1)
    angle = np.arccos(np.clip(product, -1, 1)) if cut or abs(product) <= 1 else np.nan
    t = np.linspace(0, 1, n)[:, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        return (np.sin((1 - t) * angle) * z0.numpy() + np.sin(t * angle) * z1.numpy()) / np.sin(
            angle
        )


def _no_division(z0: Tensor, z1: Tensor, n: int) -> np.ndarray:
    cosine = float(z0 @ z1 / (z0.norm() * z1.norm()))
    return _slerp(z0, z1, n) * np.sin(np.arccos(cosine))


def _sines(z0: Tensor, z1: Tensor, n: int, angle) -> Tensor:
    """The formula with another angle, computed from the cosine."""
    omega = angle(z0 @ z1 / (z0.norm() * z1.norm()))
    t = torch.linspace(0, 1, n, dtype=z0.dtype)[:, None]
    return (torch.sin((1 - t) * omega) * z0 + torch.sin(t * omega) * z1) / torch.sin(omega)


def _lengths_too(z0: Tensor, z1: Tensor, n: int) -> np.ndarray:
    """On the arc between the directions, with lengths interpolated between those of the ends."""
    t = np.linspace(0, 1, n)[:, None]
    lengths = (1 - t) * z0.norm().item() + t * z1.norm().item()
    return _slerp(z0 / z0.norm(), z1 / z1.norm(), n) * lengths


def _rescaled_line(z0: Tensor, z1: Tensor, n: int) -> np.ndarray:
    line = _line(z0, z1, n)
    t = np.linspace(0, 1, n)[:, None]
    lengths = (1 - t) * z0.norm().item() + t * z1.norm().item()
    return line / np.linalg.norm(line, axis=1, keepdims=True) * lengths


def _line_if(parallel) -> object:
    """The straight line, but only where the cosine fulfils a condition."""

    def mistaken(z0: Tensor, z1: Tensor, n: int) -> np.ndarray:
        cosine = float(z0 @ z1 / (z0.norm() * z1.norm()))
        return _line(z0, z1, n) if parallel(cosine) else _slerp(z0, z1, n)

    return mistaken


SLERP = Task(
    name="slerp",
    lesson="03",
    points=2,
    inputs=_path_inputs,
    reference=_slerp,
    cases=3,
    atol=3e-5,  # single precision is fine: 1 / sin Ω is large for nearly opposite codes
    mistakes=(
        Mistake(_line, "that is the straight line; the weights are sines."),
        Mistake(
            lambda z0, z1, n: _slerp(z0, z1, n)[::-1].copy(),
            "the path runs backwards: t = 0 is z0.",
        ),
        Mistake(
            lambda z0, z1, n: _arc(z0, z1, np.arange(n) / n),
            "the last code is missing: t runs from 0 to 1, both included.",
        ),
        Mistake(
            lambda z0, z1, n: _arc(z0, z1, np.linspace(0, 1, n + 2))[1:-1],
            "both ends belong to the path: n codes with them.",
        ),
        Mistake(
            _angle_of_dot,
            "the cosine needs both lengths: z0 · z1 / (|z0| |z1|).",
            also=(partial(_angle_of_dot, cut=False),),
        ),
        Mistake(_no_division, "divide by sin Ω, so that the path begins at z0 and ends at z1."),
        Mistake(
            _line_if(lambda cosine: cosine > 0.95),
            "a straight line is only nearly right for a small angle: the formula holds for every Ω"
            " between 0 and π.",
            also=(
                _line_if(lambda cosine: cosine > 0.9),
                _line_if(lambda cosine: abs(cosine) > 0.95),
                _line_if(lambda cosine: abs(cosine) > 0.9),
                _line_if(lambda cosine: cosine < 0),
            ),
        ),
        Mistake(
            lambda z0, z1, n: _sines(z0, z1, n, lambda cosine: cosine.abs().arccos()),
            "Ω lies between 0 and π, and is obtuse where the cosine is negative; this angle never"
            " is.",
        ),
        Mistake(
            lambda z0, z1, n: _sines(z0, z1, n, lambda cosine: cosine),
            "that is cos Ω, used as the angle: Ω is its arccos.",
        ),
        Mistake(
            lambda z0, z1, n: _sines(z0, z1, n, lambda cosine: cosine.arcsin()),
            "Ω is the arccos of the cosine, not its arcsin.",
        ),
        Mistake(
            lambda z0, z1, n: _slerp(z0 / z0.norm(), z1 / z1.norm(), n),
            "the codes go into the formula as they are, with their lengths; only the cosine is"
            " divided by them.",
        ),
        Mistake(
            _lengths_too,
            "the codes go into the formula as they are: no lengths on top of it.",
        ),
        Mistake(
            _rescaled_line,
            "that is the straight line, rescaled; the weights are sines.",
            also=(
                lambda z0, z1, n: (
                    _line(z0, z1, n)
                    / np.linalg.norm(_line(z0, z1, n), axis=1, keepdims=True)
                    * z0.norm().item()
                ),
            ),
        ),
    ),
)


# denoising_loss: a noisy image goes in, the clean one is the target


def _noisy_inputs(generator: Generator) -> dict[str, object]:
    """Images with empty and full pixels, and noise that leads beyond 0 and 1."""
    d = 6
    model = Affine(randn(generator, d, d) / 2, randn(generator, d))
    x = torch.rand(4, d, generator=generator, dtype=torch.float64)
    x[:, 0], x[:, 1] = 0, 1
    eps = 0.5 * randn(generator, 3, 4, d)
    eps[0, :, 0], eps[1, :, 0], eps[0, :, 1], eps[1, :, 1] = -0.5, 1.5, 0.5, -1.5
    return {"model": model, "x": x, "eps": eps}


def _denoising_loss(model: Affine, x: Tensor, eps: Tensor) -> float:
    W, b, clean = model.W.numpy(), model.b.numpy(), x.numpy()
    losses = [
        ((np.clip(clean + noise, 0, 1) @ W + b - clean) ** 2).sum(axis=1).mean()
        for noise in eps.numpy()
    ]
    return float(np.mean(losses))


def _loss_of(goes_in, wanted) -> object:
    """The loss with another input or another target."""
    return lambda model, x, eps: ((model(goes_in(x, eps)) - wanted(x, eps)) ** 2).sum(dim=-1).mean()


def _noised(x: Tensor, eps: Tensor) -> Tensor:
    return (x + eps).clamp(0, 1)


DENOISING_LOSS = Task(
    name="denoising_loss",
    lesson="03",
    points=2,
    inputs=_noisy_inputs,
    reference=_denoising_loss,
    mistakes=(
        Mistake(
            _loss_of(_noised, _noised),
            "compare with the clean x: copying the noise must not be rewarded.",
        ),
        Mistake(
            _loss_of(lambda x, eps: x, lambda x, eps: x),
            "the clean x goes in: add the noise first.",
        ),
        Mistake(
            _loss_of(lambda x, eps: x + eps, lambda x, eps: x),
            "cut x + ε off to [0, 1] before it goes in.",
        ),
        Mistake(
            _loss_of(_noised, lambda x, eps: eps), "the target is the clean image, not the noise."
        ),
        Mistake(
            lambda model, x, eps: (
                ((model(_noised(x, eps)).clamp(0, 1) - x) ** 2).sum(dim=-1).mean()
            ),
            "cut off what goes in, not what comes out.",
        ),
        Mistake(
            lambda model, x, eps: _denoising_loss(model, x, eps) / x.shape[1],
            "sum over pixels, not their mean.",
        ),
        Mistake(
            lambda model, x, eps: _denoising_loss(model, x, eps) * len(x),
            "mean over images, not their sum.",
        ),
        Mistake(
            lambda model, x, eps: _denoising_loss(model, x, eps) * len(eps),
            "mean over the draws of noise, not their sum.",
        ),
        Mistake(
            lambda model, x, eps: _denoising_loss(model, x, eps[:1]),
            "that is the first draw of noise only; average over all.",
        ),
        Mistake(
            lambda model, x, eps: _loss_of(lambda x, e: _noised(x, e.mean(dim=0)), lambda x, e: x)(
                model, x, eps
            ),
            "that averages the noise, and little is left of it; average the losses.",
        ),
        Mistake(
            lambda model, x, eps: (
                (model(_noised(x, eps)).mean(dim=0) - x).square().sum(dim=1).mean()
            ),
            "that averages over the draws before the error is squared; average the losses.",
        ),
        Mistake(
            _loss_of(lambda x, eps: x + eps.clamp(0, 1), lambda x, eps: x),
            "cut off the noisy image x + ε, not the noise.",
            also=(_loss_of(lambda x, eps: (x + eps.clamp(0, 1)).clamp(0, 1), lambda x, eps: x),),
        ),
        Mistake(
            _loss_of(lambda x, eps: (x + eps).clamp(min=0), lambda x, eps: x),
            "cut off at both ends: below 0 and above 1.",
            also=(_loss_of(lambda x, eps: (x + eps).clamp(max=1), lambda x, eps: x),),
        ),
        Mistake(
            _loss_of(lambda x, eps: (x + eps).sigmoid(), lambda x, eps: x),
            "x + ε is cut off to [0, 1]: no sigmoid.",
        ),
        Mistake(
            _loss_of(lambda x, eps: eps, lambda x, eps: x),
            "the noisy image goes in, x + ε, not the noise alone.",
            also=(_loss_of(lambda x, eps: eps.clamp(0, 1), lambda x, eps: x),),
        ),
        Mistake(
            lambda model, x, eps: (model(_noised(x, eps)) - x).abs().sum(dim=-1).mean(),
            "squared differences, not absolute ones.",
        ),
        Mistake(
            lambda model, x, eps: (model(_noised(x, eps)) - x).square().sum(dim=-1).sqrt().mean(),
            "no root: the squared error is summed over pixels, then averaged.",
        ),
        Mistake(
            lambda model, x, eps: _denoising_loss(model, x, eps) / 2,
            "no ½ in front: the squared error itself.",
        ),
        Mistake(
            lambda model, x, eps: _denoising_loss(model, x, eps[-1:]),
            "that is the last draw of noise only; average over all.",
        ),
    ),
)

TASKS = (CROSS_ENTROPY, SLERP, DENOISING_LOSS)

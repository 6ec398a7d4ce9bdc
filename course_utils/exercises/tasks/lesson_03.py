"""Tasks of lesson 03."""

from functools import partial

import numpy as np
import torch
from scipy.special import expit, xlog1py, xlogy
from torch import Generator, Tensor
from torch.nn.functional import binary_cross_entropy, softplus

from course_utils.exercises.task import Affine, Mistake, Part, Task, randn

# loss_and_slopes: the cross-entropy, and how both losses change with the bias of the last layer


def _pixel_inputs(generator: Generator) -> dict[str, object]:
    """Row 0 has logits so large, right or wrong, that the log of their sigmoid is −∞ or 0. Row 1 is
    blank and should not be.
    """
    logits = 3 * randn(generator, 5, 12)
    x = torch.rand(5, 12, generator=generator, dtype=torch.float64)
    logits[0, :5] = torch.tensor([200.0, -900.0, 900.0, 40.0, -750.0])
    logits[1] = -30 - 10 * torch.rand(12, generator=generator, dtype=torch.float64)
    x[1:, 0], x[1:, 1] = 0.0, 1.0
    logits[0, 5:7], x[0, 5:7] = torch.tensor([900.0, -900.0]), torch.tensor([1.0, 0.0])
    pixels = torch.randperm(12, generator=generator)
    return {"logits": logits[:, pixels], "x": x[:, pixels]}


def _cross_entropy(logits: Tensor, x: Tensor) -> np.ndarray:
    """From log σ(l) = −log(1 + e^−l), by NumPy's logaddexp: (B, d)."""
    l, ink = logits.numpy(), x.numpy()  # noqa: E741 (the lesson's symbol)
    return ink * np.logaddexp(0, -l) + (1 - ink) * np.logaddexp(0, l)


def _slopes(logits: Tensor, x: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """By hyperbolic functions: σ(l) = (1 + tanh(l/2)) / 2 and σ′(l) = 1 / (2 cosh(l/2))²."""
    half = logits.numpy() / 2
    wrong = (1 + np.tanh(half)) / 2 - x.numpy()
    with np.errstate(over="ignore"):
        return wrong, 2 * wrong / (2 * np.cosh(half)) ** 2


def _pixels(logits: Tensor, x: Tensor) -> np.ndarray:
    """The three rows before the sum over pixels: (3, B, d)."""
    return np.stack([_cross_entropy(logits, x), *_slopes(logits, x)])


def _loss_and_slopes(logits: Tensor, x: Tensor) -> np.ndarray:
    return _pixels(logits, x).sum(axis=2)


def _with(row: int, pixels) -> object:
    """The right answer but for one row, given per pixel: (logits, x) → (B, d)."""

    def mistaken(logits: Tensor, x: Tensor) -> np.ndarray:
        answer = _loss_and_slopes(logits, x)
        with np.errstate(all="ignore"):
            answer[row] = np.asarray(pixels(logits, x)).sum(axis=1)
        return answer

    return mistaken


def _plain(logits: Tensor, x: Tensor) -> np.ndarray:
    p = expit(logits.numpy())
    return -(x.numpy() * np.log(p) + (1 - x.numpy()) * np.log(1 - p))


def _clamped(eps: float) -> object:
    def pixels(logits: Tensor, x: Tensor) -> np.ndarray:
        p = expit(logits.numpy()).clip(eps, 1 - eps)
        return -(xlogy(x.numpy(), p) + xlog1py(1 - x.numpy(), -p))

    return _with(0, pixels)


def _shifted(eps: float) -> object:
    def pixels(logits: Tensor, x: Tensor) -> Tensor:
        p = logits.sigmoid()
        return -(x * (p + eps).log() + (1 - x) * (1 - p + eps).log())

    return _with(0, pixels)


def _slope_without(factor) -> object:
    """The squared error's slope with another factor than σ′ = σ (1 − σ)."""
    return _with(2, lambda logits, x: 2 * (logits.sigmoid() - x) * factor(logits.sigmoid()))


def _overflowing(logits: Tensor, x: Tensor) -> np.ndarray:
    l = logits.numpy()  # noqa: E741 (the lesson's symbol)
    return 2 * (expit(l) - x.numpy()) * np.exp(-l) / (1 + np.exp(-l)) ** 2


LOSS_AND_SLOPES = Task(
    name="loss_and_slopes",
    lesson="03",
    points=3,
    inputs=_pixel_inputs,
    reference=_loss_and_slopes,
    atol=1e-5,  # single precision is fine: in a slope large terms may cancel
    parts=(
        Part("row 0, cross-entropy", 1, 0, 1),
        Part("row 1, its slope", 1, 1, 2),
        Part("row 2, the slope of the squared error", 1, 2),
    ),
    mistakes=(
        Mistake(
            lambda logits, x: _loss_and_slopes(logits, x) / x.shape[1],
            "is that a mean over pixels? Sum over pixels.",
        ),
        Mistake(
            lambda logits, x: _loss_and_slopes(logits, x).mean(axis=1),
            "that is the mean over images; return one column for each.",
        ),
        Mistake(
            _pixels,
            "sum over the pixels: one number per image in every row.",
        ),
        Mistake(
            lambda logits, x: _pixels(logits, x).sum(axis=1),
            "that is one number per pixel: sum over the pixels, not over the images.",
        ),
        Mistake(
            lambda logits, x: _loss_and_slopes(logits, x) * np.array([[1], [1 / 5], [1 / 5]]),
            "those are the slopes of the mean over images; each image has slopes of its own.",
        ),
        Mistake(
            _with(0, lambda logits, x: -_cross_entropy(logits, x)),
            "row 0, the sign: a loss is −log, and positive.",
        ),
        Mistake(
            _with(0, _plain),
            "row 0: σ(900) is exactly 1, and exp(900) infinite: log σ(l) = −softplus(−l),"
            " log(1 − σ(l)) = −softplus(l).",
        ),
        Mistake(
            _clamped(1e-7),
            "row 0: clamp or + ε cap the loss just where the model is most wrong: use log σ(l) ="
            " −softplus(−l).",
            also=(
                _with(
                    0,
                    lambda logits, x: binary_cross_entropy(logits.sigmoid(), x, reduction="none"),
                ),
                *(
                    _with(
                        0, lambda logits, x, most=most: _cross_entropy(logits.clamp(-most, most), x)
                    )
                    for most in (10, 20, 30, 50, 80, 100, 500)
                ),
            )
            + tuple(_clamped(eps) for eps in (1e-5, 1e-6, 1e-8, 1e-9, 1e-10, 1e-12))
            + tuple(_shifted(eps) for eps in (1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)),
        ),
        Mistake(
            _with(0, lambda logits, x: _cross_entropy(-logits, x)),
            "row 0: σ(l) is the ink: x goes with log σ(l), 1 − x with log(1 − σ(l)).",
        ),
        Mistake(
            _with(0, lambda logits, x: x * softplus(-logits)),
            "row 0: the blank part of each pixel is missing: + (1 − x) log(1 − σ(l)).",
        ),
        Mistake(
            _with(0, lambda logits, x: _cross_entropy(logits, x) / np.log(2)),
            "row 0: these are bits; nats come from the natural logarithm.",
        ),
        Mistake(
            _with(0, lambda logits, x: _cross_entropy(logits, x.round())),
            "row 0: pixels may be grey: weigh both logarithms, by x and by 1 − x; do not round x.",
            also=(_with(0, lambda logits, x: _cross_entropy(logits, (x > 0).double())),),
        ),
        Mistake(
            _with(0, lambda logits, x: _cross_entropy(logits.sigmoid(), x)),
            "row 0: is a sigmoid applied twice? softplus takes the logits themselves.",
        ),
        Mistake(
            _with(0, lambda logits, x: (logits.sigmoid() - x) ** 2),
            "row 0 is the squared error; the task asks for the cross-entropy there.",
        ),
        Mistake(
            lambda logits, x: _loss_and_slopes(logits, x) * np.array([[1], [-1], [-1]]),
            "the slopes have the other sign: where the ink is too little, a larger b makes the loss"
            " smaller, so the slope is negative.",
            also=(
                _with(1, lambda logits, x: x - logits.sigmoid()),
                _with(2, lambda logits, x: -_slopes(logits, x)[1]),
            ),
        ),
        Mistake(
            _with(1, lambda logits, x: _slopes(logits, x)[1] / 2),
            "row 1: no σ′(l) is left here: it cancels against the derivative of the logarithms.",
            also=(_with(1, lambda logits, x: _slopes(logits, x)[1]),),
        ),
        Mistake(
            _with(
                1,
                lambda logits, x: (
                    (logits.sigmoid() - x) / (logits.sigmoid() * (1 - logits.sigmoid()))
                ),
            ),
            "row 1: that is the derivative by the ink σ(l); b changes the logit: times σ′(l).",
        ),
        Mistake(
            _slope_without(lambda p: p * (1 - p) / 2),
            "row 2: the 2 from the square is missing.",
        ),
        Mistake(
            _slope_without(lambda p: 1),
            "row 2: the chain rule: b changes the logit, not the ink: times σ′(l) = σ(l) (1 −"
            " σ(l)).",
            also=(_slope_without(lambda p: 0.5),),
        ),
        Mistake(
            _slope_without(lambda p: p),
            "row 2: σ′(l) has two factors, σ(l) and 1 − σ(l).",
            also=(_slope_without(lambda p: 1 - p),),
        ),
        Mistake(
            _with(2, lambda logits, x: (logits.sigmoid() - x) ** 2),
            "row 2 is the squared error itself; the task asks for its slope.",
        ),
        Mistake(
            _with(2, _overflowing),
            "row 2: e^900 is infinite, and infinity over infinity is NaN: σ′(l) = σ(l) (1 − σ(l)).",
        ),
        Mistake(
            lambda logits, x: _loss_and_slopes(logits, x)[[0, 2, 1]],
            "the two slopes have changed places: first that of the cross-entropy.",
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


def _rescaled(noisy: Tensor, *, per_image: bool = False) -> Tensor:
    """From its smallest value to its largest: 0 to 1."""
    low, high = noisy.amin(), noisy.amax()
    if per_image:
        low, high = noisy.amin(dim=-1, keepdim=True), noisy.amax(dim=-1, keepdim=True)
    return (noisy - low) / (high - low)


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
            _loss_of(lambda x, eps: _noised(x, eps / 2), lambda x, eps: x),
            "eps is the noise itself: add it as it is, do not scale it again.",
            also=tuple(
                _loss_of(lambda x, eps, c=c: _noised(x, c * eps), lambda x, eps: x)
                for c in (0.1, 0.2, 0.25, 0.3, 2.0)
            )
            + (
                _loss_of(lambda x, eps: _noised(x, eps / eps.std()), lambda x, eps: x),
                _loss_of(lambda x, eps: _noised(x, eps / eps.std() / 2), lambda x, eps: x),
            ),
        ),
        Mistake(
            _loss_of(lambda x, eps: _rescaled(x + eps), lambda x, eps: x),
            "x + ε is cut off to [0, 1], not rescaled to it.",
            also=(_loss_of(lambda x, eps: _rescaled(x + eps, per_image=True), lambda x, eps: x),),
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

TASKS = (LOSS_AND_SLOPES, SLERP, DENOISING_LOSS)

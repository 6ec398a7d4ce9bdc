"""Figures that only lesson 02 shows."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator
from torch import Tensor

from course_utils.figures.grids import image_grid, image_rows
from course_utils.figures.style import PALETTE, show
from course_utils.figures.widgets import slider

KEPT, LOST = PALETTE[0], PALETTE[1]  # captured variance and reconstruction error


def turn_the_axis(
    one_axis: Callable[[Tensor, float], tuple[Tensor, float, float]],
    x: Tensor,
    names: Sequence[str],
) -> None:
    """A slider that turns an axis through the mean of points, as `turned_axis` draws it."""
    slider(
        turned_axis(one_axis, x, names),
        range(0, 180, 5),
        still=[0, 50, 140],
        label="angle",
        size=(10, 4.2),
        alt="Points in the plane with an axis through their mean, and their reconstructions on it. "
        "Beside them the captured variance and the error against the angle: their sum is the same "
        "everywhere, and each has one maximum and one minimum.",
    )


def turned_axis(
    one_axis: Callable[[Tensor, float], tuple[Tensor, float, float]],
    x: Tensor,
    names: Sequence[str],
) -> Callable[[float, Axes], None]:
    """What a slider draws: points, an axis through their mean, and what it keeps at every angle.

    Args:
        one_axis: points (N, 2) and degrees → reconstructions (N, 2), captured variance, error.
        x: (N, 2).
        names: of the two coordinates.
    """
    points, mu = x.numpy(), x.mean(dim=0).numpy()
    angles = np.arange(0, 181, 3)
    parts = np.array([one_axis(x, float(angle))[1:] for angle in angles]).T  # (2, angles)
    reach = 1.15 * np.abs(points - mu).max()

    def draw(angle: float, ax: Axes) -> None:
        x_hat, captured, error = one_axis(x, angle)
        ax.axis("off")
        left, right = ax.inset_axes((0, 0.08, 0.45, 0.84)), ax.inset_axes((0.55, 0.08, 0.45, 0.84))
        _cloud(left, points, x_hat.numpy(), mu, angle, reach)
        left.set(xlabel=names[0], ylabel=names[1], title=f"the axis at {angle:.0f}°")
        right.stackplot(angles, parts, colors=[KEPT, LOST], labels=["captured", "error"])
        right.axvline(angle, color="black", lw=2)
        right.set(xlim=(0, 180), xticks=range(0, 181, 45), xlabel="angle of the axis (°)",
                  title=f"captured {captured:.0f} + error {error:.0f} = {captured + error:.0f}",
                  ylim=(0, 1.25 * parts.sum(axis=0).max()))  # fmt: skip
        right.legend(loc="upper center", ncol=2, frameon=False, fontsize=10)
        right.grid(False)

    return draw


def _cloud(
    ax: Axes, points: np.ndarray, x_hat: np.ndarray, mu: np.ndarray, angle: float, reach: float
) -> None:
    """Points, the axis, and for some of them the way to their reconstruction."""
    v = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    ends = mu + 2 * reach * np.array([[-1], [1]]) * v
    ax.plot(*points.T, ".", ms=5, color="0.65")
    ax.plot(*ends.T, color=KEPT, lw=1.5)
    for point, foot in zip(points[:60], x_hat[:60], strict=True):
        ax.plot(*np.stack([point, foot]).T, color=LOST, lw=0.8)
    ax.plot(*points[:60].T, ".", ms=5, color="black")
    ax.plot(*x_hat[:60].T, ".", ms=5, color=KEPT)
    ax.plot(*mu, "+", ms=14, mew=2.5, color=PALETTE[2])
    ax.set(xlim=(mu[0] - reach, mu[0] + reach), ylim=(mu[1] - reach, mu[1] + reach), aspect="equal")
    ax.grid(False)


def ten_reconstructed(ten: Tensor, x_hat: Tensor, k: int) -> None:
    """Ten images (10, 1, 28, 28) above their reconstructions (10, d) from k numbers."""
    ax = image_rows({"original": ten, f"k = {k}": x_hat.clamp(0, 1)})
    show(
        ax.figure,
        alt=f"Ten test digits, 0 to 9, and below each its reconstruction from {k} numbers: the "
        "large shapes survive, fine detail goes first.",
    )


def reconstructions_by_k(
    ten: Tensor, reconstruct: Callable[[int], Tensor], ks: Sequence[int]
) -> None:
    """A slider over k: images (10, 1, 28, 28) above `reconstruct(k)`, (10, d)."""

    def draw(k: int, ax: Axes) -> None:
        image_rows({"original": ten, f"k = {k}": reconstruct(k).clamp(0, 1)}, ax=ax)

    slider(
        draw,
        ks,
        still=[2, 8, 64],
        label="latent dimensions k",
        size=(9, 2),
        alt="Ten test digits above their PCA reconstructions, sharper for larger k.",
    )


def eigen_digits(axes: Tensor, share: Tensor) -> None:
    """Axes (n, d) in red and blue, each below its share of the variance (n,)."""
    ax = image_grid(axes, columns=8, signed=True, labels=[f"{part:.1%}" for part in share])
    show(
        ax.figure,
        alt=f"The first {len(axes)} eigen-digits in red and blue, each with its share of the "
        "variance; later ones have finer patterns.",
    )


def walks(rows: Mapping[str, Tensor]) -> None:
    """Walks of nine images (9, d) from −3√λ to +3√λ, by the name of the number that changes."""
    ax = image_rows(rows, heads=["−3√λ", "", "", "", "0", "", "", "", "+3√λ"])
    show(
        ax.figure,
        alt="Four rows of nine images: each row changes one of the first four numbers of the code "
        "from low to high, through the mean image.",
    )


def error_and_reading(
    dropped: Tensor,
    errors: Mapping[str, Mapping[int, float]],
    read: Mapping[int, float],
    clean: float,
) -> None:
    """Reconstruction error and share of digits read correctly, against k.

    Args:
        dropped: (K,), entry k − 1 is the sum of the eigenvalues dropped with k axes.
        errors: "training" and "test" → {k: error}.
        read: {k: share that the classifier reads correctly}.
        clean: that share for the images themselves.
    """
    ks = list(read)
    fig, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2))
    _errors(left, dropped.numpy(force=True), errors)
    right.axhline(clean, color="0.4", lw=1, ls="--", label="the images themselves")
    right.semilogx(ks, list(read.values()), "o-", label="reconstructions")
    right.set(ylabel="share read correctly", ylim=(0, 1.04))
    for ax in (left, right):
        ax.set_xlabel("latent dimensions $k$")
        ax.set_xticks(ks, ks)
        ax.xaxis.set_minor_locator(NullLocator())
        ax.legend(fontsize=10, loc="lower left", bbox_to_anchor=(0, 1), frameon=False)
    show(
        fig,
        alt="Left: error against k; the measured points of the training images lie on the sum of "
        "the dropped eigenvalues. Right: the share of digits read correctly rises with k.",
    )


def _errors(ax: Axes, dropped: np.ndarray, errors: Mapping[str, Mapping[int, float]]) -> None:
    """The sum of the dropped eigenvalues, and measured errors on it."""
    ks = list(errors["training"])
    training, test = (list(errors[name].values()) for name in ("training", "test"))
    ax.loglog(
        range(1, ks[-1] + 1), dropped[: ks[-1]], color="0.75", lw=7,
        label="sum of dropped eigenvalues",
    )  # fmt: skip
    ax.loglog(ks, training, "o", label="measured, training images")
    ax.loglog(
        ks, test, "o", mfc="none", ms=12, mew=2, color=PALETTE[2], label="measured, test images"
    )
    ax.set_ylabel("squared error per image")
    if min(test + training) > 0.5:  # less than three powers of ten: plain numbers beside the axis
        ticks = [y for y in (1, 2, 5, 10, 20, 50) if min(test) <= y <= max(test)]
        ax.set_yticks(ticks, ticks)
        ax.yaxis.set_minor_locator(NullLocator())


def loss_and_angle(steps: Sequence[int], excess: np.ndarray, angles: np.ndarray) -> None:
    """Loss above the best possible and largest principal angle, both (T,), at T steps."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6))
    for ax, values, color in (left, 100 * excess, KEPT), (right, angles, PALETTE[2]):
        ax.plot(steps, values, "o-", ms=4, color=color)
    left.axhline(1, color="0.4", lw=1, ls="--")
    left.text(steps[-1], 1.15, "1 %", ha="right", va="bottom", color="0.3")
    right.axhline(5, color="0.4", lw=1, ls="--")
    right.text(steps[-1], 6, "5°", ha="right", va="bottom", color="0.3")
    left.set(xlabel="step", ylabel="loss above the best (%)", ylim=(0, 10))
    right.set(xlabel="step", ylabel="largest principal angle (°)", ylim=(0, 92))
    show(
        fig,
        alt="Left: the loss comes within 1 percent of the best early on. Right: the largest angle "
        "is still large then, and takes much longer to fall.",
    )


def with_and_without_centring(
    steps: Sequence[int], angles: np.ndarray, uncentred: np.ndarray, limit: float
) -> None:
    """The largest angle to PCA's space (T,), for centred and uncentred data; the latter's limit."""
    fig, ax = plt.subplots(figsize=(9.5, 3.6))
    ax.plot(steps, angles, "o-", ms=4, color=PALETTE[2], label="centred")
    ax.plot(steps, uncentred, "s-", ms=4, color=KEPT, label="not centred")
    ax.axhline(limit, color="0.4", lw=1, ls="--", label=f"best without centring: {limit:.1f}°")
    ax.set(xlabel="step", ylabel="largest angle to PCA (°)", ylim=(0, 92))
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=10, frameon=False)
    show(
        fig,
        alt="The largest angle to PCA's space over the steps: it closes for centred data. For data "
        "that are not centred it stays near a dashed line well above zero.",
    )


def density_against_k(curves: Mapping[str, Tensor]) -> None:
    """Curves of nats per image against k = 1, 2, …, by name; each (K,)."""
    fig, ax = plt.subplots(figsize=(8, 4))
    styles = ("-", "-", ":")
    top = max(curve.max().item() for curve in curves.values())
    for (name, curve), color, style in zip(curves.items(), PALETTE, styles, strict=False):
        ax.plot(range(1, len(curve) + 1), curve.cpu(), style, color=color, label=name)
    ax.set(xlabel="latent dimensions $k$", ylabel=r"$\log p(x)$, nats per image",
           ylim=(-0.2 * top, 1.05 * top))  # fmt: skip
    ax.legend(loc="lower center", fontsize=10)
    show(
        fig,
        alt="Log density against k. It rises to the end for training images. The mean of the test "
        "images turns and falls out of the picture; their median keeps rising.",
    )


def three_answers(
    eigenvalues: Tensor, share: Tensor, held_out: Mapping[str, Tensor], answers: Mapping[str, int]
) -> None:
    """Three ways to choose k, each on its own curve, and all three answers on every curve.

    Args:
        eigenvalues: (d,).
        share: (d,), of the variance that the first k axes keep, k = 1, …, d.
        held_out: name → nats per held-out image (K,), for k = 1, …, K.
        answers: rule → k, in the order of the panels.
    """
    d = len(eigenvalues)
    fig, axes = plt.subplots(1, 3, figsize=(13, 4.2))
    axes[0].plot(range(1, d + 1), eigenvalues.cpu(), color="black")
    axes[0].plot([1, d], eigenvalues[[0, -1]].cpu(), color="0.5", lw=1, ls="--")
    axes[0].set(title="elbow", ylabel=r"eigenvalue $\lambda_k$")
    axes[1].plot(range(1, d + 1), share.cpu(), color="black")
    axes[1].axhline(0.95, color="0.5", lw=1, ls="--")
    axes[1].set(title="share of variance", ylabel="share kept", ylim=(0, 1.03))
    top = max(curve.max().item() for curve in held_out.values())
    for (name, curve), style in zip(held_out.items(), ("-", ":"), strict=False):
        axes[2].plot(range(1, len(curve) + 1), curve.cpu(), style, color="black", label=name)
    axes[2].set(title="held-out log-likelihood", ylabel="nats per image",
                ylim=(0, 1.05 * top))  # fmt: skip
    for ax in axes:
        for (rule, k), color in zip(
            answers.items(), (PALETTE[2], PALETTE[1], PALETTE[0]), strict=True
        ):
            ax.axvline(k, color=color, lw=2, label=f"{rule}: k = {k}" if ax is axes[0] else None)
        ax.set(xlabel="latent dimensions $k$", xlim=(-15, d + 1))
    axes[0].legend(fontsize=10)
    axes[2].legend(fontsize=10)
    show(
        fig,
        alt="Three panels against k: the eigenvalues with their elbow, the share of the variance "
        "with a line at 95 percent, the held-out log-likelihood with its maximum. Three vertical "
        "lines, far from each other, mark the three answers.",
    )


def samples(rows: Mapping[str, Tensor]) -> None:
    """Rows of images and samples (n, d), by name."""
    ax = image_rows(rows)
    show(
        ax.figure,
        alt=f"Rows of images: {', '.join(rows)}. The samples of a Gaussian are smoky strokes, few "
        "of them digits.",
    )

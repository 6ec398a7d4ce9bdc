"""Figures that only lesson 02 shows."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.ticker import NullLocator
from torch import Tensor

from course_utils.figures.grids import image_grid, image_rows
from course_utils.figures.style import PALETTE, show
from course_utils.figures.widgets import slider

KEPT, LOST = PALETTE[0], PALETTE[1]  # captured variance and reconstruction error
RULES = [PALETTE[i] for i in (2, 4, 0, 1)]  # the colours of the rules for k


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
        size=(10, 4.6),
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
    reach = 1.08 * np.abs(points - mu).max()

    def draw(angle: float, ax: Axes) -> None:
        x_hat, captured, error = one_axis(x, angle)
        ax.axis("off")
        left, right = ax.inset_axes((0, 0, 0.45, 0.94)), ax.inset_axes((0.55, 0, 0.45, 0.86))
        _cloud(left, points, x_hat.numpy(), mu, angle, reach)
        left.set(xlabel=names[0], ylabel=names[1])
        right.stackplot(angles, parts, colors=[KEPT, LOST],
                        labels=[f"captured {captured:.0f}", f"error {error:.0f}"])  # fmt: skip
        right.plot([angle, angle], [0, captured + error], color="black", lw=2)
        right.plot(angle, captured, "o", ms=9, mfc="white", mec="black", mew=2, clip_on=False)
        right.set(xlim=(0, 180), xticks=range(0, 181, 45), xlabel="angle of the axis",
                  ylim=(0, captured + error), ylabel="mean square, pixels²")  # fmt: skip
        right.xaxis.set_major_formatter("{x:.0f}°")
        right.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncol=2, frameon=False,
                     title=f"axis at {angle:.0f}°", title_fontsize=13, fontsize=12)  # fmt: skip
        right.grid(False)

    return draw


def _cloud(
    ax: Axes, points: np.ndarray, x_hat: np.ndarray, mu: np.ndarray, angle: float, reach: float
) -> None:
    """Points, the axis, and for some of them the way to their reconstruction."""
    v = np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
    ends = mu + 2 * reach * np.array([[-1], [1]]) * v
    lost = np.stack([points[:60], x_hat[:60]], axis=1)  # (60, 2, 2)
    ax.plot(*points.T, "o", ms=3, color="0.72", mec="none")
    ax.plot(*ends.T, color=KEPT, lw=1.5)
    ax.add_collection(LineCollection(lost, colors=LOST, linewidths=1.2))
    ax.plot(*points[:60].T, "o", ms=4, color="black", mec="none")
    ax.plot(*x_hat[:60].T, "o", ms=5.5, color=KEPT, mec="white", mew=0.7)
    ax.plot(*mu, "+", ms=16, mew=3, color=PALETTE[2])
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
        still=[8, 16, 64, 256],
        label="latent dimensions k",
        size=(9, 2),
        alt="Ten test digits above their PCA reconstructions, sharper for larger k.",
    )


def eigen_digits(axes: Tensor, share: Tensor) -> None:
    """Axes (n, d) in red and blue, each below its share of the variance (n,)."""
    ax = image_grid(axes, columns=8, signed=True, labels=[f"{100 * part:.1f} %" for part in share])
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


def error_and_accuracy(
    dropped: Tensor,
    errors: Mapping[str, Mapping[int, float]],
    accuracies: Mapping[int, float],
    clean: float,
) -> None:
    """Reconstruction error and share of digits classified correctly, against k.

    Args:
        dropped: (K,), entry k − 1 is the sum of the eigenvalues dropped with k axes.
        errors: "training" and "test" → {k: error}.
        accuracies: {k: share that the classifier gets right}.
        clean: that share for the images themselves.
    """
    ks = list(accuracies)
    fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4))
    _errors(left, dropped.numpy(force=True), errors)
    right.axhline(clean, color="0.4", lw=1.5, ls="--", label="the images themselves")
    right.semilogx(ks, list(accuracies.values()), "o-", label="reconstructions")
    right.set(ylabel="share classified correctly", ylim=(0, 1.04))
    for ax in (left, right):
        ax.set_xlabel("latent dimensions $k$")
        ax.set_xticks(ks, ks)
        ax.xaxis.set_minor_locator(NullLocator())
        ax.legend(fontsize=12, loc="lower left", bbox_to_anchor=(0, 1), frameon=False)
    show(
        fig,
        alt="Left: error against k; the measured points of the training images lie on the sum of "
        "the dropped eigenvalues. Right: the share classified correctly rises with k.",
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
        ticks = [0.5, 1, 2, 5, 10, 20, 50, 100]
        # From the tick below the curve to the tick above it: both ends can be read.
        low = max(y for y in ticks if y <= min(test + training))
        high = min(y for y in ticks if y >= max(test + training))
        ticks = [y for y in ticks if low <= y <= high]
        ax.set_ylim(0.93 * low, 1.08 * high)
        ax.set_yticks(ticks, ticks)
        ax.yaxis.set_minor_locator(NullLocator())


def loss_and_angle(
    steps: Sequence[int], loss: np.ndarray, angles: np.ndarray, best: float, near: int
) -> None:
    """Loss and largest principal angle, both (T,), at T steps.

    Args:
        steps, loss, angles: (T,).
        best: the smallest possible loss.
        near: index of the first of these steps at which the loss is within 1 % of `best`.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(11, 4.2))
    for ax, values, color in (left, loss, KEPT), (right, angles, PALETTE[2]):
        ax.axvline(steps[near], color="0.6", lw=1.5, ls=":")
        ax.plot(steps, values, "o-", ms=4, color=color)
        ax.plot(steps[near], values[near], "o", ms=10, mfc="white", mec=color, mew=2.5)
        ax.set_xlabel("step")
    left.axhline(best, color="black", lw=1.5, ls="--", zorder=0)
    left.text(steps[-1], 0.988 * best, f"smallest possible: {best:.2f}", ha="right", va="top")
    left.set(ylabel="loss", ylim=(0.9 * best, 1.5 * best))
    texts = (
        (left, loss, f"within 1 % at step {steps[near]}"),
        (right, angles, f"{angles[near]:.0f}°"),
    )
    for ax, values, text in texts:
        ax.annotate(text, (steps[near], values[near]), (14, 12), textcoords="offset points")
    right.set(ylabel="largest principal angle", ylim=(0, 92), yticks=range(0, 91, 15))
    right.yaxis.set_major_formatter("{x:.0f}°")
    show(
        fig,
        alt="Left: the loss falls to its smallest possible value early on and then looks flat. "
        "Right: at the step where the loss is within 1 percent, the largest angle is still wide; "
        "it closes much later.",
    )


def with_and_without_centring(
    steps: Sequence[int], angles: np.ndarray, uncentred: np.ndarray, limit: float
) -> None:
    """The largest angle to PCA's space (T,), for centred and uncentred data; the latter's limit."""
    fig, ax = plt.subplots(figsize=(9, 4.2))
    ax.plot(steps, angles, "o-", ms=4, color=PALETTE[2], label="centred")
    ax.plot(steps, uncentred, "s-", ms=4, color=KEPT, label="not centred")
    ax.axhline(limit, color="black", lw=1.5, ls="--", zorder=0,
               label=f"exact optimum, not centred: {limit:.1f}°")  # fmt: skip
    ax.set(xlabel="step", ylabel="largest angle to PCA's subspace", ylim=(0, 92))
    ax.set_yticks(range(0, 91, 15))
    ax.yaxis.set_major_formatter("{x:.0f}°")
    handles, names = ax.get_legend_handles_labels()
    order = [1, 2, 0]  # from top to bottom, as in the figure
    ax.legend([handles[i] for i in order], [names[i] for i in order], fontsize=12,
              loc="lower center", bbox_to_anchor=(0.5, 1), ncol=3, frameon=False)  # fmt: skip
    show(
        fig,
        alt="The largest angle to PCA's subspace over the steps. For centred data it closes. For "
        "data that are not centred it stays above a dashed line well above zero.",
    )


def density_against_k(curves: Mapping[str, Tensor]) -> None:
    """Curves of nats per image against k = 1, 2, …, by name; each (K,)."""
    fig, ax = plt.subplots(figsize=(9, 4.4))
    styles = ("-", "-", ":")
    top = max(curve.max().item() for curve in curves.values())
    for (name, curve), color, style in zip(curves.items(), PALETTE, styles, strict=False):
        ax.plot(range(1, len(curve) + 1), curve.cpu(), style, color=color, label=name)
    ax.set(xlabel="latent dimensions $k$", ylabel=r"$\log p(x)$, nats per image",
           ylim=(-0.2 * top, 1.05 * top))  # fmt: skip
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncol=3, frameon=False, fontsize=12)
    show(
        fig,
        alt="Log density against k. It rises to the end for training images. The mean of the test "
        "images turns and falls below the figure; their median keeps rising.",
    )


def axis_and_noise(x: Tensor, on_axis: Tensor, samples: Tensor, covariance: Tensor) -> None:
    """Samples of probabilistic PCA in the plane, over the points that it was fitted to.

    Args:
        x: the points (N, 2).
        on_axis: decoded codes (n, 2), on the axis.
        samples: (n, 2), the same with noise.
        covariance: (2, 2), of the Gaussian; two ellipses show where its density is the same.
    """
    mu, ends = x.mean(dim=0).numpy(), on_axis.numpy()
    turn = np.linspace(0, 2 * np.pi, 200)
    circle = np.linalg.cholesky(covariance.numpy()) @ np.stack([np.cos(turn), np.sin(turn)])
    v = (ends[0] - mu) / np.linalg.norm(ends[0] - mu)
    reach = 3.2 * covariance.diagonal().max().sqrt().item()
    fig, ax = plt.subplots(figsize=(6.4, 5.6))
    ax.plot(*x.numpy().T, "o", ms=3, color="0.72", mec="none", label="images")
    ax.plot(*(mu + 2 * reach * np.array([[-1], [1]]) * v).T, color=KEPT, lw=1.5)
    for radius in (1, 2):
        ax.plot(*(mu[:, None] + radius * circle), color="black", lw=1.5, ls="--")
    noise = np.stack([ends, samples.numpy()], axis=1)  # (n, 2, 2)
    ax.add_collection(LineCollection(noise, colors=LOST, linewidths=1.2))
    ax.plot(*samples.numpy().T, "o", ms=4, color="black", mec="none", label="samples")
    ax.plot(*ends.T, "o", ms=5.5, color=KEPT, mec="white", mew=0.7, label="without noise")
    ax.set(xlim=(mu[0] - reach, mu[0] + reach), ylim=(mu[1] - reach, mu[1] + reach), aspect="equal",
           xlabel="ink in the upper half", ylabel="ink in the lower half")  # fmt: skip
    ax.grid(False)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, fontsize=12)
    show(
        fig,
        alt="Grey points with an axis through their mean. Blue dots on the axis, each joined to a "
        "black sample that lies off the axis in any direction. Two dashed ellipses run along the "
        "axis and hold most of the points and of the samples.",
    )


def answers_on_curves(
    eigenvalues: Tensor,
    share: Tensor,
    held_out: Mapping[str, Tensor],
    read: Mapping[int, float],
    enough: float,
    answers: Mapping[str, int],
) -> None:
    """Four ways to choose k, each on its own curve, and all answers on every curve.

    Args:
        eigenvalues: (d,).
        share: (d,), of the variance that the first k axes keep, k = 1, …, d.
        held_out: "mean" and "median" → nats per held-out image (K,), for k = 1, …, K.
        read: {k: share of the reconstructions that a classifier gets right}.
        enough: the share that the last rule asks for.
        answers: rule → k, in the order of the panels; without the last the panel stays empty.
    """
    fig, axes = plt.subplots(2, 2, figsize=(12, 8.4))
    curves = [{i + 1: y for i, y in enumerate(values.tolist())}
              for values in (eigenvalues, share, held_out["mean"])] + [read]  # fmt: skip
    end = min(len(eigenvalues), 2.5 * max(answers.values()))  # what lies far beyond is left out
    for ax, curve, (rule, k), color in zip(axes.flat, curves, answers.items(), RULES, strict=False):
        for other, pale in zip(answers.values(), RULES, strict=False):
            ax.axvline(other, color=pale, lw=3 if other == k else 1.2, zorder=0)
        ax.plot(list(curve), list(curve.values()), color="black", label="mean")
        ax.plot(k, curve[k], "o", ms=11, color=color, mec="white", mew=1.5, zorder=3)
        ax.set_title(f"{rule}: $k = {k}$", color=0.75 * np.array(to_rgb(color)), fontsize=14)
        ax.set(xlabel="latent dimensions $k$", xlim=(-0.02 * end, end))
    _eigenvalues(axes[0, 0], eigenvalues.numpy(force=True), answers["elbow"])
    axes[0, 1].axhline(0.95, color="0.5", lw=1.5, ls="--")
    axes[0, 1].set(ylabel="share of the variance kept", ylim=(0, 1.03))
    median = held_out["median"].tolist()
    axes[1, 0].plot(range(1, len(median) + 1), median, ":", color="black", label="median")
    top = max(curve.max().item() for curve in held_out.values())
    axes[1, 0].set(ylabel="nats per image", ylim=(0, 1.05 * top))
    axes[1, 0].legend(loc="lower right", fontsize=12, framealpha=1)
    if len(answers) < len(curves):
        axes[1, 1].axis("off")
    else:
        _accuracies(axes[1, 1], read, enough)
    show(
        fig,
        alt="Four panels against k: the eigenvalues with their elbow, the share of the variance "
        "with a line at 95 percent, the held-out log-likelihood with its maximum, the share "
        "classified correctly. A dot in each marks its answer; thin lines mark the others.",
    )


def _eigenvalues(ax: Axes, eigenvalues: np.ndarray, elbow: int) -> None:
    """The first eigenvalues as dots, and all of them in a small picture with the line to the last.

    On one axis all of them look like the letter L.
    """
    some, d = max(100, 2 * elbow), len(eigenvalues)
    ax.plot(range(1, some + 1), eigenvalues[:some], ".", ms=7, color="black")
    ax.set(ylabel=r"eigenvalue $\lambda_k$", xlim=(-0.02 * some, some))
    small = ax.inset_axes((0.52, 0.42, 0.46, 0.54))
    small.plot(range(1, d + 1), eigenvalues, color="black")
    small.plot([1, d], eigenvalues[[0, -1]], color="0.5", lw=1.5, ls="--")
    small.plot(elbow, eigenvalues[elbow - 1], "o", ms=8, color=RULES[0], mec="white", mew=1)
    small.set_yticks([])
    small.grid(False)


def _accuracies(ax: Axes, read: Mapping[int, float], enough: float) -> None:
    """The share classified correctly as dots, k on a logarithmic axis; a line at what is enough."""
    end = ax.get_xlim()[1]
    ax.plot(list(read), list(read.values()), "o", color="black")
    ax.axhline(enough, color="0.5", lw=1.5, ls="--")
    ax.set(ylabel="share classified correctly", xscale="log", xlim=(0.9, end), ylim=(0, 1.03))
    ax.set_xticks(list(read), list(read))
    ax.xaxis.set_minor_locator(NullLocator())


def samples(rows: Mapping[str, Tensor]) -> None:
    """Rows of images and samples (n, d), by name."""
    ax = image_rows(rows)
    show(
        ax.figure,
        alt=f"Rows of images: {', '.join(rows)}. The samples of a Gaussian are blurred strokes, "
        "few of them digits.",
    )

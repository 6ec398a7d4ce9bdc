"""Figures that only lesson 03 shows."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter
from torch import Tensor

from course_utils.figures.grids import image_grid, image_rows
from course_utils.figures.scatter import codes
from course_utils.figures.style import PALETTE, show

WRONG = PALETTE[2]  # of a reading, or a neighbour, that has another label than it should
LOOKS = ("-", "--", "-.", ":")  # lines that also differ in grey


def stuck(
    steps: Sequence[int], errors: Sequence[float], blank: float, rows: Mapping[str, Tensor]
) -> None:
    """A test error that stops falling, and what the network makes of some images.

    Args:
        steps: when the network was tested.
        errors: the error after each of these steps.
        blank: the error of blank images.
        rows: name → images (N, 1, 28, 28).
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(11, 2.9), width_ratios=[1, 1.5])
    left.axhline(blank, color="0.3", lw=1.2, ls="--", label="blank images")
    left.plot(steps, errors, "o-", ms=4, label="test error")
    left.set(xlabel="step", ylabel="squared error per image", ylim=(0, None))
    left.legend()
    image_rows(rows, ax=right)
    show(
        fig,
        alt="Left: the test error falls within a few steps to that of blank images and stays "
        "there. Right: ten digits, and below them ten blank images.",
    )


def slopes(l: Tensor, slope_of: Mapping[str, Tensor]) -> None:  # noqa: E741 (the lesson's symbol)
    """Gradients of losses by the logit of a pixel that should be full of ink.

    Args:
        l: (M,), logits.
        slope_of: loss → gradients (M,).
    """
    fig, ax = plt.subplots(figsize=(8, 3.4))
    for look, (name, slope) in zip(LOOKS, slope_of.items(), strict=False):
        ax.plot(l, slope, look, label=name)
    ax.set(xlabel="logit $l$ of a pixel that should be 1", ylabel="derivative with respect to $l$")
    ax.legend(loc="lower right")
    ax.annotate("blank", (l[0], 0.06), fontsize=11)
    ax.annotate("full of ink", (l[-1], 0.06), ha="right", fontsize=11)
    ax.set_ylim(-1.1, 0.2)
    show(
        fig,
        alt="Gradient of both losses against the logit. On the left, where the pixel is blank and "
        "should be full, the squared error's is almost 0 and the cross-entropy's is -1.",
    )


def smiley() -> Tensor:
    """A face (112, 112) of 0 and 1, as somebody might draw it on the sheet for digits."""
    axis = torch.linspace(-1.3, 1.3, 112)
    up, right = torch.meshgrid(-axis, axis, indexing="ij")
    rim = (torch.hypot(right, up) - 1).abs() < 0.1
    eyes = torch.hypot(right.abs() - 0.4, up - 0.35) < 0.14
    mouth = ((torch.hypot(right, up - 0.1) - 0.6).abs() < 0.1) & (up < -0.15)
    return (rim | eyes | mouth).float()


def cures(
    curves: Mapping[str, tuple[Sequence[int], Sequence[float]]], lines: Mapping[str, float]
) -> None:
    """Test errors over the steps.

    Args:
        curves: name → (steps, errors).
        lines: name → an error to compare with, for every step the same.
    """
    fig, ax = plt.subplots(figsize=(9, 3.8))
    for (name, error), look in zip(lines.items(), ("-", ":"), strict=False):
        ax.axhline(error, color="0.3", lw=1, ls=look, label=name)
    for i, (name, (steps, errors)) in enumerate(curves.items()):
        ax.semilogy(steps, errors, LOOKS[i % 4], color=PALETTE[(0, 4, 1, 2, 5)[i % 5]], label=name)
    ax.set(xlabel="step", ylabel="squared error per test image")
    _plain_ticks(ax)
    ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=11)
    show(
        fig,
        alt="Test error over the steps of one network trained in several ways: some curves stay at "
        "the error of blank images, others fall far below it.",
    )


def _plain_ticks(ax: Axes) -> None:
    """Write the numbers of a logarithmic axis as they are: 10, 20, 50."""
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.yaxis.set_major_formatter("{x:g}")
    ax.yaxis.set_minor_formatter(NullFormatter())


def readings(rows: Mapping[str, Tensor], y: Tensor, read: Mapping[str, Tensor]) -> None:
    """Rows of images, and above each image the label that a classifier reads and how sure it is.

    Args:
        rows: name → images (N, 1, 28, 28).
        y: (N,), the right labels; a reading is red where it is another one.
        read: name → p(y|x), (N, 10); without an entry nothing is written above a row.
    """
    fig, axes = plt.subplots(len(rows), 1, figsize=(11, 1.45 * len(rows)))
    for ax, (name, x) in zip(axes, rows.items(), strict=True):
        p = read[name].numpy(force=True) if name in read else None
        texts = [] if p is None else [f"{row.argmax()}: {row.max():.0%}" for row in p]
        wrong = [] if p is None else (p.argmax(axis=1) != y.numpy(force=True)).tolist()
        _texts_above(ax, x, texts, wrong)
        ax.text(-4, 24, name, ha="right", va="center", fontsize=12)
    show(
        fig,
        alt="Rows of ten test digits: originals, and their reconstructions by the autoencoder and "
        "by PCA; above each the label that the classifier reads and how sure it is, red where "
        "it is another label than the right one.",
    )


def _texts_above(ax: Axes, x: Tensor, texts: Sequence[str], wrong: Sequence[bool]) -> None:
    """Images in a row, with a text above each, red where something is wrong."""
    image_grid(x, labels=[" "] * len(x), ax=ax)
    for i, (text, red) in enumerate(zip(texts, wrong, strict=True)):
        ax.text(30 * i + 16, 9, text, ha="center", va="bottom", fontsize=10,
                color=WRONG if red else "0.3", weight="bold" if red else "normal")  # fmt: skip


def altered(rows: Mapping[str, Tensor], errors: Mapping[str, Tensor]) -> None:
    """Images altered in some ways, with the squared error of each.

    Args:
        rows: name → images (N, 1, 28, 28).
        errors: name → (N,), written above the images of this row.
    """
    fig, axes = plt.subplots(len(rows), 1, figsize=(10, 1.45 * len(rows)))
    for ax, (name, x) in zip(axes, rows.items(), strict=True):
        labels = [f"{e:.0f}" for e in errors[name].tolist()] if name in errors else [" "] * len(x)
        image_grid(x, labels=labels, ax=ax)
        ax.text(-4, 24, name, ha="right", va="center", fontsize=12)
    show(
        fig,
        alt="Ten test digits, the same moved by one pixel, and the same with one half blank; above "
        "each altered image its squared error to the original.",
    )


def against_pca(
    over_steps: tuple[Sequence[int], Sequence[float]],
    lines: Mapping[str, float],
    over_k: Mapping[str, Mapping[int, float]],
) -> None:
    """Errors of autoencoders beside PCA: over the steps, and over the latent dimension.

    Args:
        over_steps: steps, and the error after each.
        lines: name → error of a PCA, drawn beside them.
        over_k: name → {latent dimension: error}.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(11.5, 3.9))
    left.semilogy(*over_steps, "o-", ms=4, label="convolutional, k = 49")
    for look, (name, error) in zip(LOOKS[1:], lines.items(), strict=False):
        left.axhline(error, color="0.3", ls=look, lw=1.5, label=name)
    left.set(xlabel="step", ylabel="squared error per test image")
    for marker, (name, errors) in zip("so^D", over_k.items(), strict=False):
        color = "0.3" if name == "PCA" else PALETTE[0 if name == "convolutional" else 4]
        fill = "white" if name.endswith("longer") else color
        right.loglog(list(errors), list(errors.values()), f"{marker}-", color=color, mfc=fill,
                     label=name)  # fmt: skip
    ks = list(over_k["PCA"])
    right.set(xlabel="latent dimension $k$", xticks=ks, xticklabels=ks)
    right.minorticks_off()
    for ax in (left, right):
        _plain_ticks(ax)
        ax.legend(fontsize=11)
    show(
        fig,
        alt="Left: test error of the autoencoder over the steps, with PCA-16 and PCA-49 as "
        "horizontal lines. Right: test errors of fully connected autoencoders and of PCA against "
        "the latent dimension, both falling.",
    )


def by_size(
    x: Tensor, reconstructions: Mapping[int, Mapping[str, Tensor]],
    errors: Mapping[str, Mapping[int, float]],
) -> Callable[[int, Axes], None]:  # fmt: skip
    """What a slider over the latent dimension draws: images and their reconstructions.

    Args:
        x: (N, 1, 28, 28), the originals.
        reconstructions: latent dimension → name → images like x.
        errors: name → {latent dimension: test error}, written beside the names.
    """

    def draw(k: int, ax: Axes) -> None:
        rows = {f"{name}, error {errors[name][k]:.1f}": r for name, r in reconstructions[k].items()}
        image_rows({"original": x} | rows, ax=ax)
        ax.set_title(f"k = {k}", loc="left")

    return draw


def neighbours(
    queries: Tensor, y: Sequence[int], found: Mapping[str, Tensor], labels: Mapping[str, Tensor]
) -> None:
    """Some images, and the images nearest to each of them in several spaces.

    Args:
        queries: (Q, 1, 28, 28).
        y: their labels.
        found: space → (Q, n, 1, 28, 28).
        labels: space → (Q, n), red above an image where it is not the query's.
    """
    fig, axes = plt.subplots(
        len(queries), 1 + len(found), figsize=(12, 1.25 * len(queries)),
        width_ratios=[1.2] + [next(iter(found.values())).shape[1]] * len(found),
    )  # fmt: skip
    for i, row in enumerate(axes):
        image_grid(queries[i : i + 1], labels=[f"a {y[i]}"], ax=row[0])
        for ax, (space, images) in zip(row[1:], found.items(), strict=True):
            near = labels[space][i].tolist()
            _texts_above(ax, images[i], list(map(str, near)), [label != y[i] for label in near])
            if i == 0:
                ax.set_title(space)
    show(
        fig,
        alt="Some test digits, and beside each the training digits nearest to it: in pixels, and "
        "in the space of codes. Labels that differ from the query's are red.",
    )


def walk(paths: Mapping[str, Tensor]) -> Callable[[int, Axes], None]:
    """What a slider over t draws: one image of each path.

    Args:
        paths: name → (n, 1, 28, 28), images at evenly spaced t from 0 to 1.
    """

    def draw(step: int, ax: Axes) -> None:
        n = len(next(iter(paths.values())))
        images = [x[step, 0].numpy(force=True) for x in paths.values()]
        image_grid(images, labels=list(paths), ax=ax)
        ax.text(0.5, -0.02, f"t = {step / (n - 1):.2f}", transform=ax.transAxes, ha="center",
                va="top", fontsize=12)  # fmt: skip

    return draw


def latent_map(
    z: Tensor, y: Tensor, decoded: Tensor, low: Tensor, high: Tensor, radius: float
) -> None:
    """Codes in the plane with a rectangle and a circle, and the decoded rectangle beside it.

    Args:
        z: (N, 2), codes.
        y: (N,), their labels.
        decoded: (n², 1, 28, 28), images of a grid over a rectangle.
        low: (2,), its lower left corner.
        high: (2,), its upper right corner.
        radius: of the circle around 0.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(12, 5.4))
    codes(z, y, ax=left)
    left.set_aspect("equal", adjustable="datalim")
    size = (high - low).tolist()
    left.add_patch(plt.Rectangle(low.tolist(), *size, fill=False, color="0.4"))
    for color, width in (("white", 5), ("black", 2.5)):  # readable on dots
        left.add_patch(plt.Circle((0, 0), radius, fill=False, color=color, lw=width,
                                  ls="-" if color == "white" else "--", zorder=5))  # fmt: skip
    title = "the grey rectangle, decoded (not to scale)"
    image_grid(decoded, columns=round(len(decoded) ** 0.5), title=title, ax=right)
    show(
        fig,
        alt="Left: codes of test digits in the plane, coloured by label, uneven and with gaps; a "
        "dashed circle holds 95 percent of N(0, I). Right: the decoded grid.",
    )

"""Figures that only lesson 08 shows."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from course_utils.figures.animation import animate
from course_utils.figures.diagrams import diagram
from course_utils.figures.grids import image_rows, manifolds
from course_utils.figures.style import PALETTE, show

DIGITS = [str(y) for y in range(10)]


def both_networks() -> None:
    """The GAN's boxes and arrows, with the label going into both networks."""
    places = {
        "z": (0, 0), "G": (1.2, 0), "x̂": (2.4, 0), "Dis": (3.8, 0), "real?": (5.4, 0),
        "x": (2.4, 1.1), "y": (2.4, -1.2),
    }  # fmt: skip
    arrows = [
        ("z", "G"), ("G", "x̂"), ("x̂", "Dis"), ("x", "Dis"), ("Dis", "real?"),
        ("y", "G"), ("y", "Dis"),
    ]  # fmt: skip
    texts = {
        "z": "code $z$", "G": "$G$", "x̂": r"$\hat x$", "x": "$x$", "y": "label $y$",
        "real?": "real, and a $y$?",
    }  # fmt: skip
    red = PALETTE[2]
    fig, ax = plt.subplots(figsize=(8.5, 3.3))
    diagram(
        places, arrows, texts=texts, colors={"y": red, ("y", "G"): red, ("y", "Dis"): red}, ax=ax
    )
    ax.set_xlim(-0.7, 6.2)
    show(
        fig,
        alt="The GAN's diagram with one more box: the label y, with an arrow into the generator G "
        "and one into the discriminator Dis, which is asked: real, and a y?",
    )


def sheets_in_training(frames: Mapping[int, np.ndarray]) -> None:
    """Ten sheets of images over a run: step → images (10, n², 1, 28, 28)."""

    def draw(step: int, ax: Axes) -> None:
        manifolds(frames[step], names=DIGITS, columns=5, ax=ax)
        ax.set_title(f"step {step}", loc="left")

    steps = list(frames)
    animate(
        draw, steps, still=[steps[len(steps) // 4], steps[-1]], label="step", size=(9.8, 4.9),
        colors=12,
        alt="Ten sheets of 5 × 5 images, one sheet for each label, over the training of a "
        "conditional GAN: from grey through blots to sharp digits with the requested label.",
    )  # fmt: skip


def accuracy_and_diversity(
    over: Mapping[str, Mapping[str, tuple[float, float, float]]],
    named: Mapping[str, Sequence[str]],
) -> None:
    """Label accuracy against diversity, one panel for everything that was varied.

    Args:
        over: what was varied → {its value: (label accuracy, diversity, diversity in pixels)}, in
            the order of the curve.
        named: what was varied → the values that are written beside their point.
    """
    fig, axes = plt.subplots(1, len(over), figsize=(6 * len(over), 4.8), sharey=True)
    for ax, (varied, points) in zip(np.atleast_1d(axes), over.items(), strict=True):
        accuracy, *curves = np.array(list(points.values())).T
        for values, color, name in zip(
            curves, (PALETTE[4], PALETTE[1]), ("in features", "in pixels"), strict=True
        ):
            ax.plot(accuracy, values, "o-", color=color, ms=7, label=name)
            for value, x, y in zip(points, accuracy, values, strict=True):
                if value in named[varied]:
                    ax.annotate(value, (x, y), (7, 6), textcoords="offset points", fontsize=11)
        ax.plot(1, 1, "*", color="black", ms=17, zorder=3)
        ax.text(1.04, 1, "real\ndigits", va="center", fontsize=11)
        ax.axhline(1, color="0.5", lw=1, ls=":", zorder=0)
        ax.set(title=varied, xlabel="label accuracy", yscale="log", xlim=(0, 1.2),
               ylim=(0.03, 6), xticks=np.linspace(0, 1, 6))  # fmt: skip
        ax.set_yticks([0.03, 0.1, 0.3, 1, 3], labels=["0.03", "0.1", "0.3", "1", "3"])
        ax.minorticks_off()
    np.atleast_1d(axes)[0].set_ylabel("diversity")
    np.atleast_1d(axes)[0].legend(title="diversity", frameon=False, loc="lower left")
    show(
        fig,
        alt="Label accuracy against diversity, in features and in pixels; a star at (1, 1) stands "
        f"for real digits. One panel each for: {'; '.join(over)}.",
    )


def matrices(matrix: Mapping[str, Tensor], diversity: Mapping[str, Tensor]) -> None:
    """Requested against recognised labels, and beside each row the diversity of its label.

    Args:
        matrix: title → shares (10, 10), the rows sum to 1.
        diversity: title → one number for each label (10,).
    """
    fig, axes = plt.subplots(
        1, 2 * len(matrix), figsize=(4.4 * len(matrix), 3.7), width_ratios=[10, 5] * len(matrix)
    )
    for (left, right), (title, shares) in zip(axes.reshape(-1, 2), matrix.items(), strict=True):
        left.imshow(shares, vmin=0, vmax=1, cmap="Blues")
        left.set(xticks=range(10), yticks=range(10), xlabel="recognised", title=title)
        left.grid(False)
        values = np.asarray(diversity[title])
        right.hlines(range(10), 1, values, color=PALETTE[1], lw=3)
        right.plot(values, range(10), "o", color=PALETTE[1], ms=7)
        right.axvline(1, color="0.3", ls=":", lw=1.5)
        right.set(ylim=(9.5, -0.5), xscale="log", xlim=(0.03, 20), yticks=[], xlabel="diversity")
        right.set_xticks([0.1, 1, 10], labels=["0.1", "1", "10"])
        right.minorticks_off()
    axes[0].set_ylabel("requested")
    show(
        fig,
        alt=f"Requested against recognised labels, with the diversity of each label beside its "
        f"row: {'; '.join(matrix)}.",
    )


def styles(rows: Tensor, title: str, ax: Axes) -> None:
    """Images (n, 10, 1, 28, 28): one code a row, one requested label a column."""
    names = {f"code {i + 1}": row for i, row in enumerate(rows)}
    image_rows(names, heads=DIGITS, ax=ax)
    ax.set_title(title, loc="left", pad=22)


def walk(rows: Mapping[str, Tensor], here: int, ax: Axes) -> None:
    """Rows of images along a path; the one in the middle is where the reader stands."""
    n = len(next(iter(rows.values())))
    heads = ["" if i != n // 2 else f"place {here}" for i in range(n)]
    image_rows(rows, heads=heads, ax=ax)


def logits_of_all_labels(x: Tensor, y: Sequence[int], logits: Tensor) -> None:
    """Images, and below each what Dis adds to its logit under every label.

    Args:
        x: images (N, 1, 28, 28).
        y: their labels.
        logits: (N, 10).
    """
    fig, axes = plt.subplots(2, len(x), figsize=(1.75 * len(x), 4.1), height_ratios=[1, 1.35])
    span = 1.08 * float(logits.abs().max())
    for i, (above, below) in enumerate(axes.T):
        above.imshow(x[i, 0].numpy(force=True), vmin=0, vmax=1)
        above.set(xticks=[], yticks=[])
        above.grid(False)
        colors = [PALETTE[2] if label == y[i] else "0.65" for label in range(10)]
        below.barh(range(10), logits[i].numpy(force=True), color=colors)
        below.axvline(0, color="0.3", lw=1)
        below.set(ylim=(9.6, -0.6), xlim=(-span, span), yticks=range(10) if i == 0 else [])
        below.grid(False)
    axes[1, 0].set_ylabel("label")
    fig.supxlabel("label part of the logit, $v_y^\\top h(x)$ (red: its own label)", fontsize=12)
    show(
        fig,
        alt="Test digits, and below each ten bars: the label part of the discriminator's logit for "
        "every label. The bar of the digit's own label is red.",
    )

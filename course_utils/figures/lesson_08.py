"""Figures that only lesson 08 shows."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from course_utils.figures.animation import animate
from course_utils.figures.diagrams import diagram
from course_utils.figures.grids import image_rows, manifolds
from course_utils.figures.style import PALETTE, show

DIGITS = [str(y) for y in range(10)]
HIGHEST = 0.999  # a label accuracy above it is drawn there


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
        draw, steps, still=[150, steps[-1]], label="step", size=(9.8, 4.9),
        colors=12,
        alt="Ten sheets of 5 × 5 images, one sheet for each label, over the training of a "
        "conditional GAN: from grey through blots to sharp digits with the requested label.",
    )  # fmt: skip


def accuracy_and_diversity(
    over: Mapping[str, Mapping[str, tuple[float, float, float]]], real: float
) -> None:
    """Label accuracy against diversity, one panel for everything that was varied.

    Args:
        over: what was varied → {its value: (label accuracy, diversity, diversity in pixels)}, in
            the order of the curve.
        real: the label accuracy of real digits.
    """
    fig, axes = plt.subplots(1, len(over), figsize=(6.2 * len(over), 5), sharey=True)
    ticks = [0.1, 0.5, 0.9, 0.99, HIGHEST]
    for ax, (varied, points) in zip(np.atleast_1d(axes), over.items(), strict=True):
        accuracy, *curves = np.array(list(points.values())).T
        accuracy = accuracy.clip(1 - HIGHEST, HIGHEST)
        for values, color, name, below, ring in zip(
            curves, (PALETTE[4], PALETTE[1]), ("in features", "in pixels"), (9, -22),
            ({"ms": 7}, {"ms": 12, "mfc": "none", "mew": 2}), strict=True,
        ):  # fmt: skip
            ax.plot(accuracy, values, "o-", color=color, label=name, **ring)
            for value, x, y in zip(points, accuracy, values, strict=True):
                ax.annotate(
                    value, (x, y), (4, below), textcoords="offset points",
                    ha="center", fontsize=11, color=color,
                )  # fmt: skip
        ax.plot(min(real, HIGHEST), 1, "*", color="black", ms=18, zorder=3, label="real digits")
        ax.axhline(1, color="0.5", lw=1, ls=":", zorder=0)
        ax.set(title=varied, xlabel="label accuracy", xscale="logit", yscale="log",
               xlim=(0.06, 0.9998), ylim=(0.03, 7))  # fmt: skip
        ax.set_xticks(ticks, labels=["10 %", "50 %", "90 %", "99 %", "≥ 99.9 %"])
        ax.set_yticks([0.03, 0.1, 0.3, 1, 3], labels=["0.03", "0.1", "0.3", "1", "3"])
        ax.minorticks_off()
    np.atleast_1d(axes)[0].set_ylabel("diversity")
    np.atleast_1d(axes)[0].legend(frameon=False, loc="lower left")
    show(
        fig,
        alt="Label accuracy against diversity, in features and in pixels; a star stands for real "
        f"digits. One panel each for: {'; '.join(over)}.",
    )


def matrices(matrix: Mapping[str, Tensor], diversity: Mapping[str, Tensor]) -> None:
    """Requested against recognised labels, and beside each row the diversity of its label.

    The diagonal says its shares in numbers, too.

    Args:
        matrix: title → shares (10, 10), the rows sum to 1.
        diversity: title → one number for each label (10,).
    """
    fig, axes = plt.subplots(1, len(matrix), figsize=(4.6 * len(matrix), 4.4))
    for left, (title, shares) in zip(np.atleast_1d(axes), matrix.items(), strict=True):
        left.imshow(shares, vmin=0, vmax=1, cmap="Blues")
        left.set(xticks=range(10), yticks=range(10), xlabel="recognised", title=title)
        left.grid(False)
        for i, share in enumerate(shares.diagonal().tolist()):
            said = f"{share:.2f}".replace("0.00", "0").replace("0.", ".").replace("1.00", "1")
            ink = "white" if share > 0.5 else "black"
            left.text(i, i, said, ha="center", va="center", fontsize=12, color=ink)
        right = left.inset_axes([1.06, 0, 0.42, 1])
        values = np.asarray(diversity[title])
        right.hlines(range(10), 1, values, color=PALETTE[1], lw=3)
        right.plot(values, range(10), "o", color=PALETTE[1], ms=7)
        right.axvline(1, color="0.3", ls=":", lw=1.5)
        right.set(ylim=(9.5, -0.5), xscale="log", xlim=(0.03, 20), yticks=[], xlabel="diversity")
        right.set_xticks([0.1, 1, 10], labels=["0.1", "1", "10"])
        right.minorticks_off()
    np.atleast_1d(axes)[0].set_ylabel("requested")
    bar = fig.colorbar(left.images[0], ax=axes, location="bottom", shrink=0.3, aspect=30)
    bar.set_label("share of the row")
    show(
        fig,
        alt=f"Requested against recognised labels, with the diversity of each label beside its "
        f"row, and the shares on the diagonal as numbers: {'; '.join(matrix)}.",
    )


def styles(rows: Tensor, title: str, ax: Axes) -> None:
    """Images (n, 10, 1, 28, 28): one code a row, one requested label a column."""
    names = {f"code {i + 1}": row for i, row in enumerate(rows)}
    image_rows(names, heads=DIGITS, ax=ax)
    ax.set_title(title, loc="left", pad=22)


def walk(rows: Mapping[str, Tensor], here: int, ax: Axes) -> None:
    """Rows of images along a path; the one in the middle is where the reader stands."""
    n = len(next(iter(rows.values())))
    heads = ["" if i != n // 2 else f"position {here}" for i in range(n)]
    image_rows(rows, heads=heads, ax=ax)

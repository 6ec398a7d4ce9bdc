"""Figures that only lesson 01 shows."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.transforms import offset_copy
from sklearn.decomposition import PCA
from torch import Tensor

from course_utils.figures.diagrams import TAXONOMY, tree
from course_utils.figures.grids import image_grid
from course_utils.figures.style import PALETTE, show

THREE = np.array([to_rgb(PALETTE[i]) for i in (0, 1, 4)])  # the colours of the three labels


def clusters(centres: np.ndarray, counts: np.ndarray, name_of: np.ndarray) -> None:
    """Cluster centres above a table of counts.

    Args:
        centres: (K, 784).
        counts: (10, K), images of a label (row) in a cluster (column).
        name_of: (K,), the label that each cluster is named after; columns are sorted by it.
    """
    order = name_of.argsort(kind="stable")
    counts = counts[:, order]
    fig, (top, below) = plt.subplots(2, 1, figsize=(8, 5.4), height_ratios=[1, 4.4])
    image_grid(centres[order], ax=top)
    top.set_title("the ten centres")
    below.imshow(counts, aspect="auto", cmap="Blues")
    for (label, cluster), count in np.ndenumerate(counts):
        if count:
            color = "white" if count > counts.max() / 2 else "black"
            below.text(cluster, label, count, ha="center", va="center", color=color, fontsize=10)
    below.set(
        xticks=range(10), xticklabels=name_of[order], yticks=range(10),
        xlabel="cluster, named after its most frequent label", ylabel="label",
    )  # fmt: skip
    below.grid(False)
    show(
        fig,
        alt="Ten cluster centres above a table of how many images of each label fall into each "
        "cluster: some columns hold one digit, others mix several.",
    )


def two_nn_lines(*panels: Mapping[str, tuple[Tensor, Tensor, float]]) -> None:
    """Points and fitted lines of TwoNN, side by side, each with its slope written along it.

    Args:
        panels: of each its lines, name → (log m, −log P(μ > m), slope).
    """
    fig, axes = plt.subplots(1, len(panels), figsize=(12, 4.8), sharey=True)
    colors = iter(PALETTE)
    for ax, lines in zip(axes, panels, strict=True):
        for name, (a, b, slope) in lines.items():
            end, color = min(a[-1].item(), 1.2), next(colors)
            # Above its line there is no room for the text where a line is hardly steeper.
            crowded = any(slope < other < 1.3 * slope for *_, other in lines.values())
            away = (11, -8) if crowded else (-5, 4)
            ax.plot(a[a <= end], b[a <= end], ".", ms=3, color=color)
            ax.plot([0, end], [0, slope * end], color=color, lw=1)
            ax.text(
                0.6 * end, 0.6 * slope * end, f"{name}: {slope:.1f}",
                transform=offset_copy(ax.transData, fig, *away, units="points"),
                rotation=np.degrees(np.arctan(slope)), rotation_mode="anchor",
                transform_rotates_text=True, color=0.7 * np.array(to_rgb(color)),
                ha="center", va="top" if crowded else "bottom",
            )  # fmt: skip
        ax.set(xlabel=r"$\log m$", xlim=(0, None))
    axes[0].set_ylabel(r"$-\log P(\mu > m)$")
    show(
        fig,
        alt="Straight lines through zero, one per set, with their slopes. Left: the letters, near "
        "1, 2, 3 and 4. Right: noise and digits, much steeper, the noise below 20.",
    )


def unrolled(planes: Mapping[str, np.ndarray], truths: Mapping[str, Tensor]) -> None:
    """Each plane of codes (N, 2), once for every true coordinate (N,) that colours its dots."""
    fig, axes = plt.subplots(len(truths), len(planes), figsize=(10, 7.6))
    for ax, name in zip(axes[0], planes, strict=True):
        ax.set_title(name)
    for row, (truth, values) in zip(axes, truths.items(), strict=True):
        for ax, z in zip(row, planes.values(), strict=True):
            dots = ax.scatter(*z.T, c=values, cmap="viridis", s=14)
            ax.set(xlabel="$z_1$", ylabel="$z_2$")
            ax.grid(False)
        fig.colorbar(dots, ax=row, label=truth)
    show(
        fig,
        alt="Codes of the letters in the planes of PCA and Isomap. Coloured by angle, PCA's plane "
        "mixes the colours on a folded band, Isomap's is an even sheet. Coloured by position, "
        "both change evenly along one side.",
    )


def _squared(values: np.ndarray, side: np.ndarray) -> np.ndarray:
    return values.reshape(len(side), len(side), *values.shape[1:])


def three_models(
    points: np.ndarray,
    label: np.ndarray,
    side: np.ndarray,
    p_y_x: np.ndarray,
    p_x: np.ndarray,
    p_x_y: np.ndarray,
) -> None:
    """p(y|x), p(x) and p(x|y) on the grid side × side, and the points (N, 2) with their labels."""
    window = (side[0], side[-1], side[0], side[-1])
    fig, axes = plt.subplots(1, 3, figsize=(12, 4.2), sharex=True, sharey=True)
    plane = _squared(p_y_x @ THREE, side)
    axes[0].imshow(plane, origin="lower", extent=window, interpolation="bilinear")
    axes[1].contourf(side, side, _squared(p_x, side), levels=12, cmap="Greys")
    for y, color in enumerate(THREE):
        axes[0].plot(*points[label == y].T, ".", ms=3, color=0.55 * color)
        axes[2].contour(side, side, _squared(p_x_y, side)[..., y], levels=6, colors=[color])
        axes[2].plot([], [], color=color, label=f"y = {y}")
    titles = (
        "$p(y\\,|\\,x)$: labels compete",
        "$p(x)$: points compete",
        "$p(x\\,|\\,y)$: points compete, per label",
    )
    for ax, title in zip(axes, titles, strict=True):
        ax.set(title=title, xlim=(-5, 5), ylim=(-5, 5), aspect="equal", xlabel="$x_1$")
        ax.grid(False)
    axes[0].set_ylabel("$x_2$")
    axes[2].legend(loc="lower left", fontsize=11)
    show(
        fig,
        alt="Left: the plane divided among three colours with soft borders, everywhere full. "
        "Middle: one density with four bumps. Right: contour lines of three densities.",
    )


def pulled_out(
    models_say: Callable[[float], tuple[np.ndarray, np.ndarray, float]],
    points: np.ndarray,
    label: np.ndarray,
    side: np.ndarray,
    p_x: np.ndarray,
) -> Callable[[float, Axes], None]:
    """What a slider draws: a point outside the data, and what two models say of it.

    Args:
        models_say: distance → the point (1, 2), p(y|x) there (3,), and log p(x).
        points, label, side, p_x: as in `three_models`.
    """

    def draw(distance: float, ax: Axes) -> None:
        point, p_y_x, log_p = models_say(distance)
        ax.axis("off")
        left, right = ax.inset_axes((0, 0, 0.5, 1)), ax.inset_axes((0.68, 0.12, 0.32, 0.72))
        left.grid(False)
        left.spines[:].set(visible=True, color="0.8")
        left.contour(side, side, _squared(p_x, side), levels=8, cmap="Greys")
        for y, color in enumerate(THREE):
            left.plot(*points[label == y].T, ".", ms=2, color=color)
        left.plot(*point.T, "*", ms=16, color=PALETTE[2])
        left.set(xlim=(-5, 7), ylim=(-3, 10), aspect="equal", xticks=[], yticks=[],
                 title=f"distance {distance}")  # fmt: skip
        right.bar(range(3), p_y_x, color=THREE)
        right.set(ylim=(0, 1.02), xticks=range(3), xlabel="label $y$", ylabel="$p(y\\,|\\,x)$",
                  title=f"$\\log p(x) = {log_p:.1f}$")  # fmt: skip

    return draw


def verdicts(
    shown: Mapping[str, Tensor], nats: Mapping[str, Tensor], p_y_x: Mapping[str, Tensor]
) -> None:
    """A column of images for each kind, and above each image what two models say of it.

    Args:
        shown: kind → images (n, 1, 28, 28), with the same n for all kinds.
        nats: kind → log p(x), (n,).
        p_y_x: kind → p(y|x), (n, 10); without an entry only the nats are written.
    """
    n = len(next(iter(shown.values())))
    fig, axes = plt.subplots(n, len(shown), figsize=(12, 2.15 * n + 0.3))
    for column, (kind, x) in zip(axes.T, shown.items(), strict=True):
        column[0].text(0.5, 1.36, kind, transform=column[0].transAxes, ha="center", fontsize=13)
        for i, ax in enumerate(column):
            text = f"{nats[kind][i]:,.0f} nats".replace("-", "−")
            if kind in p_y_x:
                p = p_y_x[kind][i]
                text = f"{p.argmax()}: {p.max():.0%}\n{text}"
            image_grid(x[i : i + 1], ax=ax)
            ax.set_title(text, fontsize=12, pad=1)
    show(
        fig,
        alt="Three digits and three images of each kind of non-digit. Above each image the label "
        "that the classifier reads, how sure it is, and the log density.",
    )


def auc_dots(auc_of: Mapping[str, Mapping[str, float]]) -> None:
    """AUC of some scores against kinds of images: score → {kind: AUC}."""
    kinds = list(next(iter(auc_of.values())))
    fig, ax = plt.subplots(figsize=(8, 3.6))
    for i, (score, auc) in enumerate(auc_of.items()):
        rows = np.arange(len(kinds)) + 0.24 * i - 0.12
        name = f"${score}$".replace("max", r"\max\,").replace("log", r"\log")
        ax.plot(list(auc.values()), rows, "os"[i], ms=10, label=name)
    ax.axvline(0.5, color="0.4", lw=1, ls="--")
    ax.set(yticks=range(len(kinds)), yticklabels=kinds, xlim=(-0.03, 1.03),
           xlabel="AUC: digits against this kind")  # fmt: skip
    ax.set_xticks([0, 0.5, 1], ["0\nfooled", "½\ncoin toss", "1\ntells them apart"])
    ax.invert_yaxis()
    ax.legend(loc="upper center", bbox_to_anchor=(0.4, 1.2), ncol=2, frameon=False)
    show(
        fig,
        alt="For every kind of non-digit the AUC of the density and of the classifier's certainty, "
        "between 0, fooled, and 1, tells them apart.",
    )


def kept_points(drawn: np.ndarray, kept: np.ndarray, side: np.ndarray, p_x_y: np.ndarray) -> None:
    """The points (N, 2) that are kept for each of three labels (N, 3), under the contours of
    p(x|y).
    """
    fig, axes = plt.subplots(1, 3, figsize=(12, 4.2), sharex=True, sharey=True)
    for y, ax in enumerate(axes):
        ax.plot(*drawn[kept[:, y]][:600].T, ".", ms=4, color=THREE[y], alpha=0.6)
        density = _squared(p_x_y, side)[..., y]
        ax.contour(side, side, density, levels=6, colors="0.2", linewidths=1)
        ax.set(xlim=(-5, 5), ylim=(-4, 5), aspect="equal",
               title=f"kept for label {y}", xlabel="$x_1$")  # fmt: skip
    axes[0].set_ylabel("$x_2$")
    show(
        fig,
        alt="Points drawn from the density and kept by the classifier, for each label, under the "
        "contour lines of the separately fitted density of that label.",
    )


def taxonomy(notes: Mapping[str, str]) -> None:
    """Goodfellow's tree of generative models, with a note beside some leaves."""
    fig, ax = plt.subplots(figsize=(12, 5))
    tree(TAXONOMY, notes=notes, otherwise="no lesson", ax=ax)
    show(
        fig,
        alt="Tree of generative models: explicit density, tractable or approximate; implicit "
        "density; VAE/GAN between them; beside each leaf the lesson that trains it.",
    )


def word_steps(
    pairs_of: Mapping[str, Sequence[Sequence[str]]], words: Sequence[str], W: Tensor
) -> None:
    """Arrows between the words of pairs, in the plane in which these words differ most.

    Args:
        pairs_of: relation → pairs of words.
        words: the vocabulary.
        W: the vectors of its words, one a row.
    """
    fig, axes = plt.subplots(1, len(pairs_of), figsize=(12, 4.2))
    for ax, (relation, pairs) in zip(axes, pairs_of.items(), strict=True):
        places = [[words.index(word) for word in pair] for pair in pairs]
        plane = PCA(2).fit(W[[i for pair in places for i in pair]].numpy())
        for pair, place, color in zip(pairs, places, PALETTE, strict=False):
            a, b = plane.transform(W[place].numpy())
            arrow = {"arrowstyle": "->", "color": color, "lw": 2}
            ax.annotate("", b, a, arrowprops=arrow)
            _beyond(ax, a, a - b, pair[0], color)
            _beyond(ax, b, b - a, pair[1], color)
        ax.set(title=relation, xticks=[], yticks=[])
        ax.margins(0.35, 0.2)
    show(
        fig,
        alt="Three panels of word vectors in a plane; in each, arrows from the first to the second "
        "word of a pair are nearly parallel.",
    )


def _beyond(ax: Axes, point: np.ndarray, direction: np.ndarray, word: str, color: str) -> None:
    """A word beside its point, on the side away from the arrow."""
    x, y = direction / np.linalg.norm(direction)
    ax.plot(*point, ".", color=color)
    ax.annotate(word, point, (7 * x, 7 * y), textcoords="offset points", fontsize=11,
                ha="right" if x < -0.4 else "left" if x > 0.4 else "center",
                va="top" if y < -0.4 else "bottom" if y > 0.4 else "center")  # fmt: skip

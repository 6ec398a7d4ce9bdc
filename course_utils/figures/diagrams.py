"""Diagrams: trees, and boxes with arrows."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from course_utils.figures.style import PALETTE

# Goodfellow 2017, figure 9, with diffusion and the models of this course.
TAXONOMY: dict = {
    "generative\nmodels": {
        "explicit density": {
            "tractable": {
                "probabilistic PCA": {},
                "autoregressive (PixelCNN)": {},
                "normalising flows": {},
            },
            "approximate": {
                "variational": {"VAE": {}, "conditional VAE": {}, "diffusion": {}},
                "Markov chain": {"Boltzmann machine": {}},
            },
        },
        "VAE/GAN": {},
        "implicit density": {
            "direct": {"GAN": {}, "conditional GAN": {}},
            "Markov chain": {"generative stochastic network": {}},
        },
    }
}


# One recursion that draws as it returns; the look of nodes and notes takes most of the lines.
def tree(
    branches: Mapping[str, object],
    *,
    notes: Mapping[str, str],
    otherwise: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw a tree from left to right, its leaves below each other in the order given.

    Args:
        branches: the nodes by name: {"root": {"branch": {"leaf": {}, …}, …}}.
        notes: a short text beside some of the leaves, by the leaf's name.
        otherwise: the text beside all other leaves. They are pale, as are branches that have only
            such leaves.
        ax: where to draw; default: a new figure.

    Returns:
        The axes.
    """
    ax = ax or plt.subplots(figsize=(10, 5))[1]
    ax.axis("off")
    lines = 0

    def draw(name: str, below: Mapping, depth: int) -> tuple[float, bool]:
        """Draw a node and everything below it; return its height, and whether a leaf has a note."""
        nonlocal lines
        if below:
            heights, noted = zip(
                *(draw(child, deeper, depth + 1) for child, deeper in below.items()), strict=True
            )
            y, elbow, known = (heights[0] + heights[-1]) / 2, depth + 0.8, any(noted)
            ax.plot([depth, elbow], [y, y], color="0.6", lw=1, zorder=0)
            ax.plot([elbow, elbow], [heights[0], heights[-1]], color="0.6", lw=1, zorder=0)
            for height in heights:
                ax.plot([elbow, depth + 1], [height, height], color="0.6", lw=1, zorder=0)
        else:
            y, lines, known = -lines, lines + 1, name in notes
        box = {"boxstyle": "round", "fc": "white", "ec": PALETTE[0] if known else "0.8", "lw": 1.5}
        node = ax.text(depth, y, name, va="center", color="black" if known else "0.45", bbox=box)
        if not below:
            ax.annotate(
                notes.get(name, otherwise),
                (1, 0.5),
                xycoords=node,
                xytext=(12, 0),
                textcoords="offset points",
                va="center",
                color=PALETTE[2] if known else "0.45",
            )
        return y, known

    for root, below in branches.items():
        draw(root, below, 0)
    ax.set(ylim=(0.7 - lines, 0.7))
    return ax


# Boxes, then the arrows between them: an arrow starts and ends at the frames that were drawn.
def diagram(
    boxes: Mapping[str, tuple[float, float]],
    arrows: Sequence[tuple],
    *,
    texts: Mapping[str, str] = {},
    colors: Mapping = {},
    ax: Axes | None = None,
) -> Axes:
    """Draw boxes, and arrows between them.

    Args:
        boxes: the centre of every box by its name, e.g. {"x": (0, 0), "E": (1, 0)}; neighbours are
            one unit apart.
        arrows: (from, to), (from, to, line style) or (from, to, line style, text), e.g.
            [("x", "E"), ("E", "z", "dashed")].
        texts: what a box says where that is not its name; a box with the text "" is a mere point.
        colors: by the name of a box, or by (from, to) of an arrow.
        ax: where to draw; default: a new figure.

    Returns:
        The axes.
    """
    (left, right), (low, high) = ((min(v), max(v)) for v in zip(*boxes.values(), strict=True))
    ax = ax or plt.subplots(figsize=(1.35 * (right - left + 1), 1.1 * (high - low + 1)))[1]
    ax.set(xlim=(left - 0.6, right + 0.6), ylim=(low - 0.6, high + 0.6))
    ax.axis("off")
    drawn = {}
    for name, (x, y) in boxes.items():
        said = texts.get(name, name)
        frame = (
            {"boxstyle": "round,pad=0.4", "fc": "white", "ec": colors.get(name, "0.3"), "lw": 2}
            if said
            else None
        )
        drawn[name] = ax.text(
            x, y, said, ha="center", va="center", fontsize=13, bbox=frame, zorder=3
        )
    for start, end, *more in arrows:
        style, words = (*more, *("solid", "")[len(more) :])
        color = colors.get((start, end), "0.3")
        patches = [drawn[name].get_bbox_patch() for name in (start, end)]
        look = {
            "arrowstyle": "-|>",
            "color": color,
            "lw": 1.8,
            "ls": style,
            "patchA": patches[0],
            "patchB": patches[1],
        }
        ax.annotate(
            "",
            boxes[end],
            boxes[start],
            arrowprops={**look, "shrinkA": 2, "shrinkB": 2, "mutation_scale": 14},
        )
        if words:
            (x0, y0), (x1, y1) = boxes[start], boxes[end]
            ax.text(
                (x0 + x1) / 2,
                (y0 + y1) / 2 + 0.06,
                words,
                ha="center",
                va="bottom",
                fontsize=11,
                color=color,
            )
    return ax

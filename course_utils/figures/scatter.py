"""Codes as dots in the colours of their labels."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.text import Text
from torch import Tensor

from course_utils.figures.style import PALETTE

PRIOR_RADIUS = 5.991**0.5  # of the circle that holds 95 % of N(0, I) in the plane


def codes(z, y, *, legend: bool = True, ax: Axes | None = None) -> Axes:
    """Codes (N, 2) as dots in the colours of their labels y (N,), each label written once, at its
    median code or, where two would hide each other, as near to it as there is room.
    """
    z, y = (np.asarray(a.numpy(force=True) if isinstance(a, Tensor) else a) for a in (z, y))
    ax = ax or plt.subplots(figsize=(6, 5))[1]
    ax.scatter(*z.T, c=np.array(PALETTE)[y], s=4 if len(z) > 2000 else 16, alpha=0.5, linewidths=0)
    medians = np.stack([np.median(z[y == label], axis=0) for label in np.unique(y)])
    ax.add_artist(
        _Badges(
            medians,
            [str(label) for label in np.unique(y)],
            [PALETTE[label] for label in np.unique(y)],
        )
    )
    if legend:
        dots = [
            plt.Line2D([], [], color=PALETTE[label], marker="o", ls="", label=str(label))
            for label in np.unique(y)
        ]
        ax.legend(
            handles=dots,
            frameon=False,
            fontsize=11,
            handletextpad=0,
            loc="center left",
            bbox_to_anchor=(1, 0.5),
        )
    ax.set(xlabel="$z_1$", ylabel="$z_2$")
    return ax


def prior(ax: Axes) -> None:
    """Draw the circle that holds 95 % of N(0, I) in the plane."""
    ax.add_patch(plt.Circle((0, 0), PRIOR_RADIUS, fill=False, ls="--", color="black", zorder=2))


class _Badges(Artist):
    """Short texts in circles at places (L, 2) in data coordinates; where two would hide each other,
    as near as there is room.

    That is known only when the axes are drawn, for their limits and size may change until then.
    """

    def __init__(
        self, places: np.ndarray, texts: Sequence[str], colors: Sequence[str], *, points: float = 19
    ) -> None:
        super().__init__()
        self.places, self.points = places, points
        self.set(zorder=6, in_layout=False)  # above the prior's circle, too
        frames = [
            {"boxstyle": "circle,pad=0.15", "fc": "white", "ec": color, "lw": 2} for color in colors
        ]
        self.texts = [
            Text(text=t, weight="bold", ha="center", va="center", bbox=f)
            for t, f in zip(texts, frames, strict=True)
        ]

    def draw(self, renderer) -> None:
        at = spread(
            self.axes.transData.transform(self.places), renderer.points_to_pixels(self.points)
        )
        for text, place in zip(self.texts, at, strict=True):
            text.set_figure(self.axes.figure)
            text.set_position(place)
            text.draw(renderer)


def spread(places: np.ndarray, least: float) -> np.ndarray:
    """Places (L, 2), each moved as little as a few small pushes need until no two are nearer than
    `least`.
    """
    turns = 2.4 * np.arange(len(places))  # what lies in one place parts in fixed directions
    at = places + 1e-3 * least * np.sqrt(turns)[:, None] * np.stack(
        [np.cos(turns), np.sin(turns)], axis=1
    )
    for _ in range(300):
        step = at[:, None] - at
        distance = np.linalg.norm(step, axis=2) + np.eye(len(at))
        push = 0.1 * np.clip(least - distance, 0, None) * (1 - np.eye(len(at)))
        at = at + (step / distance[..., None] * push[..., None]).sum(axis=1)
    return at

"""Figures that only lesson 10 shows."""

from collections.abc import Callable, Mapping

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from course_utils.figures.diagrams import TAXONOMY, tree
from course_utils.figures.grids import image_grid
from course_utils.figures.style import PALETTE, show

NOISE, FLOWING, DATA = "0.35", PALETTE[2], PALETTE[0]
REACH = 2.8  # of the plane


def _plane(ax: Axes, title: str = "") -> None:
    ax.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal", xticks=[], yticks=[])
    ax.grid(visible=False)
    ax.spines[:].set(visible=True, color="0.85")
    ax.set_title(title, loc="left")


def flow(path: Tensor, data: Tensor, tails: int = 40) -> Callable[[int, Axes], None]:
    """What a film draws: points on their way, and the way that some of them have come.

    Args:
        path: places at all times, (steps + 1, N, 2).
        data: (M, 2).
        tails: how many points leave a line.
    """

    def draw(step: int, ax: Axes) -> None:
        ax.scatter(*data[:1500].T, s=5, color=DATA, alpha=0.25, lw=0)
        ax.plot(*path[: step + 1, :tails].permute(2, 0, 1), color="0.45", lw=0.8)
        ax.scatter(*path[step].T, s=7, color=FLOWING, lw=0)
        _plane(ax, f"$t$ = {step / (len(path) - 1):.2f}")

    return draw


def pairs_and_paths(x0: Tensor, x1: Tensor, path: Tensor) -> None:
    """Straight lines of pairs of noise and data, beside the paths of the flow.

    Args:
        x0: noise, (N, 2).
        x1: a data point for each, (N, 2).
        path: where the flow takes the same noise, (steps + 1, N, 2).
    """
    fig, axes = plt.subplots(1, 2, figsize=(9.6, 4.9))
    ways = {
        "pairs of the loss: straight": torch.stack([x0, x1]),
        "paths of the flow: bent": path,
    }
    ends = (("data, $t = 1$", DATA), ("end of the flow, $t = 1$", FLOWING))
    for ax, (title, way), (end, color) in zip(axes, ways.items(), ends, strict=True):
        ax.plot(*way.permute(2, 0, 1), color="0.6", lw=0.7, zorder=1)
        ax.scatter(*way[0].T, s=12, color=NOISE, lw=0, zorder=2, label="noise, $t = 0$")
        ax.scatter(*way[-1].T, s=14, color=color, lw=0, zorder=3, label=end)
        _plane(ax, title)
        ax.legend(frameon=False, loc="lower left", fontsize=10, borderpad=0, handletextpad=0.1)
    show(
        fig,
        alt="Left, straight lines from noise to random data points, which cross everywhere. Right, "
        "the paths of the flow from the same noise: they bend, and cross only rarely.",
    )


def errors_by_calls(errors: Mapping[str, Mapping[int, float]]) -> None:
    """Error of the flow's end against calls of the field: rule → {calls: error}."""
    fig, ax = plt.subplots(figsize=(6.2, 4.2))
    for color, (name, found) in zip((PALETTE[1], PALETTE[4]), errors.items(), strict=True):
        ax.loglog(*zip(*found.items(), strict=True), "o-", color=color, label=name)
    calls = sorted({n for found in errors.values() for n in found})
    ax.set_xticks(calls[::2], [str(n) for n in calls[::2]])
    ax.minorticks_off()
    ax.set(xlabel="calls of the velocity field", ylabel="mean absolute error at $t = 1$")
    ax.legend(frameon=False)
    show(
        fig,
        alt="Error against calls of the field, both axes logarithmic: that of the midpoint rule "
        "falls about twice as steeply as that of Euler's method.",
    )


def guidance(rows: Mapping[float, Mapping[str, float]], real: Mapping[str, float]) -> None:
    """Label accuracy, diversity and Fréchet distance over the weight of guidance.

    Args:
        rows: weight → metrics.
        real: metrics of as many real images, where there are any.
    """
    columns = ("label accuracy", "diversity", "Fréchet")
    fig, axes = plt.subplots(1, 3, figsize=(11, 3.3))
    for ax, column in zip(axes, columns, strict=True):
        ax.plot(list(rows), [row[column] for row in rows.values()], "o-", color=FLOWING)
        if column in real:
            ax.axhline(real[column], color="0.35", ls="--", lw=1.4, label="real images")
        ax.set(xlabel="weight $w$ of the guidance", title=column)
    axes[0].yaxis.set_major_formatter(plt.matplotlib.ticker.PercentFormatter(1, decimals=0))
    axes[1].set_ylim(bottom=0)
    axes[2].set_ylim(bottom=0)
    axes[0].legend(frameon=False, loc="lower right")
    show(
        fig,
        alt="Three curves over the weight w from 1 to 4. Label accuracy rises to nearly all, "
        "diversity falls, and the Fréchet distance grows.",
    )


def appearing(frames: Tensor) -> Callable[[int, Axes], None]:
    """What a film draws: decoded codes on their way. frames: (steps + 1, N, 1, 28, 28)."""

    def draw(step: int, ax: Axes) -> None:
        image_grid(frames[step], columns=10, ax=ax, title=f"$t$ = {step / (len(frames) - 1):.2f}")

    return draw


def best_sheet(x: Tensor, columns: int = 20) -> None:
    """A large sheet of generated digits. x: (N, 1, 28, 28), a row for each label."""
    fig, ax = plt.subplots(figsize=(11, 11 * (len(x) / columns) / columns))
    image_grid(x, columns=columns, ax=ax)
    show(fig, alt="A large sheet of generated digits: one row for each label, all different, "
                  "nearly all legible.")  # fmt: skip


def two_samplers(paths: Mapping[str, Tensor], data: Tensor, shown: int = 6) -> None:
    """Paths and ends of several samplers in the plane.

    Args:
        paths: name → places at all times, (steps + 1, N, 2).
        data: (M, 2).
        shown: paths that are drawn.
    """
    fig, axes = plt.subplots(1, len(paths), figsize=(4.8 * len(paths), 4.9), squeeze=False)
    for ax, (name, path) in zip(axes.flat, paths.items(), strict=True):
        ax.scatter(*data[:1500].T, s=8, color=DATA, alpha=0.25, lw=0)
        ax.scatter(*path[-1].T, s=4, color=FLOWING, lw=0)
        ax.plot(*path[:, :shown].permute(2, 0, 1), color="0.2", lw=1.1)
        ax.scatter(*path[0, :shown].T, s=26, color=NOISE, lw=0, zorder=3)
        _plane(ax, name)
    show(
        fig,
        alt="Two half moons of generated points each. The paths of the flow are smooth, those of "
        "the stochastic sampler jitter; most points of both end on the moons.",
    )


def densities(maps: Mapping[str, Tensor], points: Tensor) -> None:
    """Densities in the plane, and some test points.

    Args:
        maps: name → density at a square grid from −REACH to REACH, (n, n), row by row from below.
        points: (M, 2).
    """
    fig, axes = plt.subplots(1, len(maps), figsize=(5.2 * len(maps), 4.9), squeeze=False)
    top = float(torch.stack(list(maps.values())).quantile(0.995))
    for ax, (name, density) in zip(axes.flat, maps.items(), strict=True):
        picture = ax.imshow(
            density, origin="lower", extent=(-REACH, REACH, -REACH, REACH), cmap="Purples",
            vmin=0, vmax=top, interpolation="bilinear",
        )  # fmt: skip
        ax.scatter(*points[:200].T, s=4, color=PALETTE[6], lw=0, alpha=0.8)
        _plane(ax, name)
    fig.colorbar(picture, ax=axes, label="density", shrink=0.8, extend="max")
    show(
        fig,
        alt="Two maps of a density in the plane: both are dark along two half moons; that of the "
        "coupling flow has a pale bridge between the moons.",
    )


def sees(slopes: Mapping[str, Tensor], row: int, column: int) -> None:
    """How strongly a pixel's logit depends on all pixels. slopes: name → |derivative|, (H, W)."""
    fig, axes = plt.subplots(1, len(slopes), figsize=(4.8 * len(slopes), 3.8), squeeze=False)
    for ax, (name, slope) in zip(axes.flat, slopes.items(), strict=True):
        shown = np.where(slope > 0, np.log10(np.maximum(slope, 1e-12)), np.nan)
        picture = ax.imshow(shown, cmap="viridis_r", vmin=-3, vmax=1)
        ax.add_patch(
            plt.Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, ec=PALETTE[2], lw=2)
        )
        ax.set(title=name, xticks=[], yticks=[])
        ax.set(xlim=(column - 10.5, column + 10.5), ylim=(row + 4.5, row - 11.5))
        ax.grid(visible=False)
        ax.spines[:].set(visible=True, color="0.85")
    fig.colorbar(picture, ax=axes, label="$\\log_{10}$ of the mean |derivative|", shrink=0.8)
    show(
        fig,
        alt="The pixels on which one pixel's logit depends: those above it and on its left. With "
        "more layers the area grows, and a wedge on the upper right stays unseen.",
    )


def pixel_by_pixel(x: Tensor) -> Callable[[int, Axes], None]:
    """What a film draws: images of which the first rows are known. x: (N, 1, 28, 28)."""

    def draw(row: int, ax: Axes) -> None:
        known = x.clone()
        known[:, :, row:] = 0.15
        image_grid(known, columns=10, ax=ax, title=f"{row} of 28 rows")

    return draw


def taxonomy(notes: Mapping[str, str]) -> None:
    """Goodfellow's tree with a note beside every leaf that the course trains: leaf → text."""
    fig, ax = plt.subplots(figsize=(15.5, 5))
    tree(TAXONOMY, notes=notes, otherwise="no lesson", ax=ax)
    show(
        fig,
        alt="Lesson 01's tree of generative models. Now the autoregressive model, the flows and "
        "diffusion have a note, too; only the two kinds of Markov chains have none.",
    )

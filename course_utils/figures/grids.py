"""Images side by side."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from torch import Tensor

from course_utils.figures import style


# One canvas: where the tiles lie is needed for the pixels, the frames and the labels.
def image_grid(
    x,
    *,
    columns: int | None = None,
    signed: bool = False,
    labels=None,
    title: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Draw images as the tiles of one grid, row by row.

    Args:
        x: images (N, 1, 28, 28), (N, 28, 28) or (N, 784): in [0, 1], drawn as ink on white, or of
            any sign with `signed`.
        columns: tiles per row; default: all images in one row.
        signed: draw positive values red, negative ones blue and 0 white, each image on its own
            scale.
        labels: one short text per image, written above it.
        title: of the grid.
        ax: where to draw; default: a new figure.

    Returns:
        The axes.
    """
    x = as_images(x)
    n, columns = len(x), columns or len(x)
    rows = -(-n // columns)
    labels = None if labels is None else [str(text) for text in np.asarray(labels).tolist()]
    gap, top = 2, 10 if labels else 2
    if signed:
        x = x / np.abs(x).max(axis=(1, 2), keepdims=True).clip(1e-12)
    canvas = np.full((rows * (28 + top) + gap, columns * (28 + gap) + gap), np.nan)
    corners = [
        (top + (i // columns) * (28 + top), gap + (i % columns) * (28 + gap)) for i in range(n)
    ]
    for image, (r, c) in zip(x, corners, strict=True):
        canvas[r : r + 28, c : c + 28] = image
    ax = (
        ax
        or plt.subplots(
            figsize=(
                min(10, 1.1 * columns),
                min(10, 1.1 * columns) * canvas.shape[0] / canvas.shape[1],
            )
        )[1]
    )
    ax.imshow(canvas, cmap="RdBu_r" if signed else None, vmin=-1 if signed else 0, vmax=1)
    # A thin frame each: images are white at the edge, and so is the page.
    frames = [plt.Rectangle((c - 0.5, r - 0.5), 28, 28) for r, c in corners]
    ax.add_collection(
        PatchCollection(frames, facecolor="none", edgecolor="0.85", linewidth=0.6, zorder=1.5)
    )
    for text, (r, c) in zip(labels or (), corners if labels else (), strict=True):
        ax.text(c + 14, r - 1, text, ha="center", va="bottom", fontsize=10)
    ax.set(title=title)
    ax.axis("off")
    return ax


def image_rows(
    rows: Mapping[str, object], *, heads: Sequence[str] = (), ax: Axes | None = None
) -> Axes:
    """Draw rows of images, each with its name on the left.

    Args:
        rows: images by the name of the row, e.g. {"original": (N, …), "k = 16": (N, …)}, with the
            same N in all rows.
        heads: N texts above the columns; an empty one writes nothing.
        ax: where to draw; default: a new figure.

    Returns:
        The axes.

    Raises:
        ValueError: where the rows have different lengths.
    """
    stacks = [as_images(x) for x in rows.values()]
    n = len(stacks[0])
    if any(len(stack) != n for stack in stacks):
        raise ValueError(
            "every row needs as many images, got"
            f" {', '.join(f'{k}: {len(s)}' for k, s in zip(rows, stacks, strict=True))}"
        )
    ax = image_grid(np.concatenate(stacks), columns=n, ax=ax)
    for i, name in enumerate(rows):
        ax.text(-4, 2 + 30 * i + 14, name, ha="right", va="center", fontsize=12)
    for i, text in enumerate(heads):
        ax.text(2 + 30 * i + 14, 0, text, ha="center", va="bottom", fontsize=12)
    return ax


def show_rows(rows: Mapping[str, object], *, heads: Sequence[str] = (), alt: str) -> None:
    """Show rows of images as a figure of their own.

    Args:
        rows: as of `image_rows`.
        heads: as of `image_rows`.
        alt: describes the figure for readers who cannot see it.
    """
    style.show(image_rows(rows, heads=heads).figure, alt=alt)  # type: ignore[arg-type]


def manifolds(x, *, names: Sequence = ("",), columns: int = 5, ax: Axes | None = None) -> Axes:
    """Draw decoded grids of codes, each as n × n tiles without gaps, with its name above.

    Args:
        x: one or more grids of images, (M, n², 28, 28) or (M, n², 1, 28, 28), with the tiles in the
            order of `latent.normal_grid`.
        names: one name per grid.
        columns: grids per row.
        ax: where to draw; default: a new figure.

    Returns:
        The axes.

    Raises:
        ValueError: where names and grids differ in number, or a grid is not a square.
    """
    x = np.asarray(x.numpy(force=True) if isinstance(x, Tensor) else x)
    n = round(x.shape[1] ** 0.5)
    if len(x) != len(names) or n * n != x.shape[1]:
        raise ValueError(
            f"expected as many grids as names ({len(names)}), of n² tiles each, got x of shape"
            f" {x.shape}"
        )
    columns, side = min(columns, len(x)), 28 * n
    rows, gap, top = -(-len(x) // columns), side // 20, side // 6 if any(map(str, names)) else 0
    page = np.full((rows * (side + gap + top), columns * (side + gap)), np.nan)
    ax = (
        ax
        or plt.subplots(figsize=(1.8 * columns, 1.8 * columns * page.shape[0] / page.shape[1]))[1]
    )
    for i, (tiles, name) in enumerate(zip(x, names, strict=True)):
        r, c = (i // columns) * (side + gap + top) + top, (i % columns) * (side + gap)
        grid = as_images(tiles).reshape(n, n, 28, 28).swapaxes(1, 2).reshape(side, side)
        page[r : r + side, c : c + side] = grid
        ax.add_patch(
            plt.Rectangle(
                (c - 0.5, r - 0.5), side, side, fill=False, edgecolor="0.85", linewidth=0.6
            )
        )
        ax.text(
            c + side / 2,
            r - top / 5,
            str(name),
            ha="center",
            va="bottom",
            fontsize=12,
            weight="bold",
        )
    ax.imshow(page, vmin=0, vmax=1)
    ax.axis("off")
    return ax


def as_images(x) -> np.ndarray:
    """Convert images to an array (N, 28, 28) on the CPU.

    Args:
        x: tensor or array of images (N, 784), (N, 28, 28) or (N, 1, 28, 28).

    Raises:
        ValueError: for other shapes, and for pixels that are whole numbers above 1.
    """
    x = np.asarray(x.numpy(force=True) if isinstance(x, Tensor) else x)
    if x.dtype.kind in "iu" and x.max(initial=0) > 1:
        raise ValueError(
            f"expected images in [0, 1], got whole numbers up to {x.max()}; divide pixels by 255"
        )
    x = x.astype(float)
    if x.shape[1:] not in ((784,), (28, 28), (1, 28, 28)) or len(x) == 0:
        raise ValueError(
            f"expected images (N, 784), (N, 28, 28) or (N, 1, 28, 28), got shape {x.shape}"
        )
    return x.reshape(-1, 28, 28)

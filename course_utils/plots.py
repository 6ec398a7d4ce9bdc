"""Arrays → Axes. No model in here; importing the module sets the course's look."""

import base64
import io
from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PatchCollection
from matplotlib.figure import Figure
from matplotlib.text import Text
from torch import Tensor

# Ten colours chosen to stay apart for colour-blind readers (Petroff 2021, arXiv:2107.02270): the digits 0 … 9, everywhere.
PALETTE = ("#3f90da", "#ffa90e", "#bd1f01", "#94a4a2", "#832db6", "#a96b59", "#e76300", "#b9ac70", "#717581", "#92dadd")

plt.rcParams.update({
    "figure.dpi": 100, "figure.constrained_layout.use": True, "font.size": 12, "axes.titlesize": 12, "axes.grid": True,
    "grid.alpha": 0.3, "axes.spines.top": False, "axes.spines.right": False, "lines.linewidth": 2,
    "axes.prop_cycle": plt.cycler(color=PALETTE), "image.cmap": "gray_r", "image.interpolation": "nearest",
})  # fmt: skip


def show(fig: Figure, *, alt: str) -> None:
    """Display a figure with its text for those who cannot see it, and close it. Raises ValueError without that text."""
    from IPython.display import display

    described(alt)
    display({"image/png": png(fig), "text/plain": alt}, metadata={"image/png": {"alt": alt}}, raw=True)


def png(fig: Figure) -> str:
    """The figure as PNG in base64, with at most 256 colours, which takes a third of the space; closes it."""
    from PIL import Image

    drawn, small = io.BytesIO(), io.BytesIO()
    fig.savefig(drawn, format="png", bbox_inches="tight")
    plt.close(fig)
    Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(small, format="png", optimize=True)
    return base64.b64encode(small.getvalue()).decode()


def described(alt: str) -> str:
    """`alt`, after making sure that there is one."""
    if not alt.strip():
        raise ValueError("a figure needs alt text: say in a sentence what it shows")
    return alt


def pictures(
    x, *, columns: int | None = None, signed: bool = False, labels=None, title: str = "", ax: Axes | None = None
) -> Axes:
    """Tile images (N, 1, 28, 28), (N, 28, 28) or (N, 784) into one grid, row by row, `columns` wide (default: all in one row).

    signed: red for positive, blue for negative, white for 0, each image on its own scale; else ink on white for [0, 1].
    labels: one short text per image, written above it.
    """
    x = as_images(x)
    n, columns = len(x), columns or len(x)
    rows = -(-n // columns)
    labels = None if labels is None else [str(text) for text in np.asarray(labels).tolist()]
    gap, top = 2, 10 if labels else 2
    if signed:
        x = x / np.abs(x).max(axis=(1, 2), keepdims=True).clip(1e-12)
    sheet = np.full((rows * (28 + top) + gap, columns * (28 + gap) + gap), np.nan)
    corners = [(top + (i // columns) * (28 + top), gap + (i % columns) * (28 + gap)) for i in range(n)]
    for image, (r, c) in zip(x, corners, strict=True):
        sheet[r : r + 28, c : c + 28] = image
    ax = ax or plt.subplots(figsize=(min(10, 1.1 * columns), min(10, 1.1 * columns) * sheet.shape[0] / sheet.shape[1]))[1]
    ax.imshow(sheet, cmap="RdBu_r" if signed else None, vmin=-1 if signed else 0, vmax=1)
    frames = [plt.Rectangle((c - 0.5, r - 0.5), 28, 28) for r, c in corners]  # white pictures on a white page
    ax.add_collection(PatchCollection(frames, facecolor="none", edgecolor="0.85", linewidth=0.6, zorder=1.5))
    for text, (r, c) in zip(labels or (), corners if labels else (), strict=True):
        ax.text(c + 14, r - 1, text, ha="center", va="bottom", fontsize=10)
    ax.set(title=title)
    ax.axis("off")
    return ax


def strips(rows: Mapping[str, object], *, heads: Sequence[str] = (), ax: Axes | None = None) -> Axes:
    """Rows of images, each with its name on the left: {"original": (N, …), "k = 16": (N, …)}, all with the same N.

    heads: N texts above the columns; an empty one writes nothing.
    """
    stacks = [as_images(x) for x in rows.values()]
    n = len(stacks[0])
    if any(len(stack) != n for stack in stacks):
        raise ValueError(
            f"every row needs as many images, got {', '.join(f'{k}: {len(s)}' for k, s in zip(rows, stacks, strict=True))}"
        )
    ax = pictures(np.concatenate(stacks), columns=n, ax=ax)
    for i, name in enumerate(rows):
        ax.text(-4, 2 + 30 * i + 14, name, ha="right", va="center", fontsize=12)
    for i, text in enumerate(heads):
        ax.text(2 + 30 * i + 14, 0, text, ha="center", va="bottom", fontsize=12)
    return ax


def manifolds(x, *, names: Sequence = ("",), columns: int = 5, ax: Axes | None = None) -> Axes:
    """Decoded grids: x (M, n², 28, 28) or (M, n², 1, 28, 28), each a sheet of n × n tiles without gaps, under its name.

    Sheets stand `columns` in a row, tiles in the order of `latent.normal_grid`.
    """
    x = np.asarray(x.numpy(force=True) if isinstance(x, Tensor) else x)
    n = round(x.shape[1] ** 0.5)
    if len(x) != len(names) or n * n != x.shape[1]:
        raise ValueError(f"expected as many sheets as names ({len(names)}), of n² tiles each, got x of shape {x.shape}")
    columns, side = min(columns, len(x)), 28 * n
    rows, gap, top = -(-len(x) // columns), side // 20, side // 6 if any(map(str, names)) else 0
    page = np.full((rows * (side + gap + top), columns * (side + gap)), np.nan)
    ax = ax or plt.subplots(figsize=(1.8 * columns, 1.8 * columns * page.shape[0] / page.shape[1]))[1]
    for i, (tiles, name) in enumerate(zip(x, names, strict=True)):
        r, c = (i // columns) * (side + gap + top) + top, (i % columns) * (side + gap)
        sheet = as_images(tiles).reshape(n, n, 28, 28).swapaxes(1, 2).reshape(side, side)
        page[r : r + side, c : c + side] = sheet
        ax.add_patch(plt.Rectangle((c - 0.5, r - 0.5), side, side, fill=False, edgecolor="0.85", linewidth=0.6))
        ax.text(c + side / 2, r - top / 5, str(name), ha="center", va="bottom", fontsize=12, weight="bold")
    ax.imshow(page, vmin=0, vmax=1)
    ax.axis("off")
    return ax


def as_images(x) -> np.ndarray:
    """Tensor or array of images, (N, 784), (N, 28, 28) or (N, 1, 28, 28), as (N, 28, 28) on the CPU."""
    x = np.asarray(x.numpy(force=True) if isinstance(x, Tensor) else x)
    if x.dtype.kind in "iu" and x.max(initial=0) > 1:
        raise ValueError(f"expected images in [0, 1], got whole numbers up to {x.max()}; divide pixels by 255")
    x = x.astype(float)
    if x.shape[1:] not in ((784,), (28, 28), (1, 28, 28)) or len(x) == 0:
        raise ValueError(f"expected images (N, 784), (N, 28, 28) or (N, 1, 28, 28), got shape {x.shape}")
    return x.reshape(-1, 28, 28)


def codes(z, y, *, legend: bool = True, ax: Axes | None = None) -> Axes:
    """Codes (N, 2) as dots in the colours of their labels y (N,), each label written once, at its median code
    or, where two would hide each other, as near to it as there is room."""
    z, y = (np.asarray(a.numpy(force=True) if isinstance(a, Tensor) else a) for a in (z, y))
    ax = ax or plt.subplots(figsize=(6, 5))[1]
    ax.scatter(*z.T, c=np.array(PALETTE)[y], s=4 if len(z) > 2000 else 16, alpha=0.5, linewidths=0)
    medians = np.stack([np.median(z[y == label], axis=0) for label in np.unique(y)])
    ax.add_artist(_Badges(medians, [str(label) for label in np.unique(y)], [PALETTE[label] for label in np.unique(y)]))
    if legend:
        dots = [plt.Line2D([], [], color=PALETTE[label], marker="o", ls="", label=str(label)) for label in np.unique(y)]
        ax.legend(handles=dots, frameon=False, fontsize=11, handletextpad=0, loc="center left", bbox_to_anchor=(1, 0.5))
    ax.set(xlabel="$z_1$", ylabel="$z_2$")
    return ax


class _Badges(Artist):
    """Short texts in circles at places (L, 2) in data coordinates; where two would hide each other, as near as there is room.

    That is known only when the axes are drawn, for their limits and size may change until then.
    """

    def __init__(self, places: np.ndarray, texts: Sequence[str], colors: Sequence[str], *, points: float = 19) -> None:
        super().__init__()
        self.places, self.points = places, points
        self.set(zorder=3, in_layout=False)
        frames = [{"boxstyle": "circle,pad=0.15", "fc": "white", "ec": color, "lw": 2} for color in colors]
        self.texts = [Text(text=t, weight="bold", ha="center", va="center", bbox=f) for t, f in zip(texts, frames, strict=True)]

    def draw(self, renderer) -> None:
        at = apart(self.axes.transData.transform(self.places), renderer.points_to_pixels(self.points))
        for text, place in zip(self.texts, at, strict=True):
            text.set_figure(self.axes.figure)
            text.set_position(place)
            text.draw(renderer)


def apart(places: np.ndarray, least: float) -> np.ndarray:
    """Places (L, 2), each moved as little as a few small pushes need until no two are nearer than `least`."""
    turns = 2.4 * np.arange(len(places))  # what lies in one place parts in fixed directions
    at = places + 1e-3 * least * np.sqrt(turns)[:, None] * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    for _ in range(300):
        step = at[:, None] - at
        distance = np.linalg.norm(step, axis=2) + np.eye(len(at))
        push = 0.1 * np.clip(least - distance, 0, None) * (1 - np.eye(len(at)))
        at = at + (step / distance[..., None] * push[..., None]).sum(axis=1)
    return at


def tree(branches: Mapping[str, object], *, notes: Mapping[str, str], otherwise: str = "", ax: Axes | None = None) -> Axes:
    """A tree from left to right: {"root": {"branch": {"leaf": {}, …}, …}}, leaves below each other in the order given.

    notes: a short text for some of the leaves, written beside them; other leaves get the text `otherwise` and are pale, and so
    is what has only such.
    """
    ax = ax or plt.subplots(figsize=(10, 5))[1]
    ax.axis("off")
    lines = 0

    def draw(name: str, below: Mapping, depth: int) -> tuple[float, bool]:
        """Draws a node and all that hangs on it; returns its height, and whether any of its leaves has a note."""
        nonlocal lines
        if below:
            heights, noted = zip(*(draw(child, deeper, depth + 1) for child, deeper in below.items()), strict=True)
            y, bend, known = (heights[0] + heights[-1]) / 2, depth + 0.8, any(noted)
            ax.plot([depth, bend], [y, y], color="0.6", lw=1, zorder=0)
            ax.plot([bend, bend], [heights[0], heights[-1]], color="0.6", lw=1, zorder=0)
            for height in heights:
                ax.plot([bend, depth + 1], [height, height], color="0.6", lw=1, zorder=0)
        else:
            y, lines, known = -lines, lines + 1, name in notes
        box = {"boxstyle": "round", "fc": "white", "ec": PALETTE[0] if known else "0.8", "lw": 1.5}
        node = ax.text(depth, y, name, va="center", color="black" if known else "0.45", bbox=box)
        if not below:
            ax.annotate(
                notes.get(name, otherwise), (1, 0.5), xycoords=node, xytext=(12, 0), textcoords="offset points", va="center",
                color=PALETTE[2] if known else "0.45",
            )  # fmt: skip
        return y, known

    for root, below in branches.items():
        draw(root, below, 0)
    ax.set(ylim=(0.7 - lines, 0.7))
    return ax


def diagram(
    boxes: Mapping[str, tuple[float, float]],
    arrows: Sequence[tuple],
    *,
    texts: Mapping[str, str] = {},
    colors: Mapping = {},
    ax: Axes | None = None,
) -> Axes:
    """Boxes and arrows: {"x": (0, 0), "E": (1, 0)} and [("x", "E"), ("E", "z", "dashed"), …], one unit apart.

    texts: what a box says where that is not its name; a box that says "" is a mere point. colors: of a box or, under
    ("a", "b"), of an arrow. An arrow may carry a line style as third entry and a text as fourth.
    """
    (left, right), (low, high) = ((min(v), max(v)) for v in zip(*boxes.values(), strict=True))
    ax = ax or plt.subplots(figsize=(1.35 * (right - left + 1), 1.1 * (high - low + 1)))[1]
    ax.set(xlim=(left - 0.6, right + 0.6), ylim=(low - 0.6, high + 0.6))
    ax.axis("off")
    drawn = {}
    for name, (x, y) in boxes.items():
        said = texts.get(name, name)
        frame = {"boxstyle": "round,pad=0.4", "fc": "white", "ec": colors.get(name, "0.3"), "lw": 2} if said else None
        drawn[name] = ax.text(x, y, said, ha="center", va="center", fontsize=13, bbox=frame, zorder=3)
    for start, end, *more in arrows:
        style, words = (*more, *("solid", "")[len(more) :])
        color = colors.get((start, end), "0.3")
        patches = [drawn[name].get_bbox_patch() for name in (start, end)]
        look = {"arrowstyle": "-|>", "color": color, "lw": 1.8, "ls": style, "patchA": patches[0], "patchB": patches[1]}
        ax.annotate("", boxes[end], boxes[start], arrowprops={**look, "shrinkA": 2, "shrinkB": 2, "mutation_scale": 14})
        if words:
            (x0, y0), (x1, y1) = boxes[start], boxes[end]
            ax.text((x0 + x1) / 2, (y0 + y1) / 2 + 0.06, words, ha="center", va="bottom", fontsize=11, color=color)
    return ax

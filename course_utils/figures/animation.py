"""Films: pictures of a process, with a player that needs no kernel."""

import io
import json
from collections.abc import Callable, Sequence
from html import escape
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import display
from matplotlib.axes import Axes
from PIL import Image

from course_utils.figures.style import base64_of, described, png, smallest_text

SCRIPT = (Path(__file__).parent / "film.js").read_text(encoding="utf-8")


def animate(
    draw: Callable[[object, Axes], None],
    values: Sequence,
    *,
    still: Sequence,
    label: str,
    alt: str,
    size: tuple[float, float] = (4, 4),
    seconds: float = 6.0,
    colors: int = 32,
) -> None:
    """Show `draw(value, ax)` for all values as a film that can be played, stopped and stepped.

    The output holds all frames, so the film plays without a kernel, too. Where no script may run, a
    still picture stands in its place.

    Args:
        draw: draws the frame of one value on the axes it gets.
        values: one value per frame, in order.
        still: the values that the still picture shows, side by side, wide ones in rows of two.
        label: what a value is, for example "step".
        alt: describes the film for readers who cannot see it.
        size: width and height of a frame, in inches.
        seconds: duration of one loop; the last frame stays 1.5 s longer.
        colors: number of colours of the frames; fewer make the output smaller.

    Raises:
        ValueError: where there are no values, or none for the still picture.
    """
    described(alt)
    if not len(still):
        raise ValueError("a film needs at least one value for the still picture")
    frames = pictures(draw, values, size=size, colors=colors)
    sources = [f"data:image/png;base64,{base64_of(frame)}" for frame in frames]
    options = {
        "alt": alt,
        "label": label,
        "names": [f"{label} {value}" for value in values],
        "wait": 1000 * seconds / len(frames),
        "width": frames[0].width,
    }
    fig = _stills(draw, still, size)
    letters = smallest_text(fig)  # at 100 pixels per inch; a frame has 80
    letters = letters and round(0.8 * letters, 1)
    page = (
        f'<div class="film" data-text="{letters or ""}">'
        f'<img src="data:image/png;base64,{png(fig)}" alt="{escape(alt)}">'
        f"<script>(() => {{ {SCRIPT}\nfilm(document.currentScript.parentNode,"
        f" {json.dumps(sources)}, {json.dumps(options)}); }})();</script></div>"
    )
    display({"text/html": page, "text/plain": alt}, raw=True)


def _stills(
    draw: Callable[[object, Axes], None], still: Sequence, size: tuple[float, float]
) -> plt.Figure:
    """Some frames in one picture: side by side, and wide ones in rows of two."""
    columns = min(len(still), 2) if size[0] > 1.5 * size[1] else len(still)
    rows = -(-len(still) // columns)
    fig, axes = plt.subplots(
        rows, columns, figsize=(size[0] * columns, size[1] * rows), squeeze=False
    )
    for value, ax in zip(still, axes.flat, strict=False):
        draw(value, ax)
    for ax in axes.flat[len(still) :]:
        ax.axis("off")
    return fig


def pictures(
    draw: Callable[[object, Axes], None],
    values: Sequence,
    *,
    size: tuple[float, float] = (4, 4),
    colors: int = 32,
) -> list[Image.Image]:
    """Draw one frame per value, at 80 pixels per inch, all with the same palette.

    Args:
        draw: draws the frame of one value on the axes it gets.
        values: one value per frame, in order.
        size: width and height of a frame, in inches.
        colors: number of colours of the palette.

    Returns:
        The frames, as images with a palette.

    Raises:
        ValueError: where there are no values.
    """
    if not len(values):
        raise ValueError("a film needs at least one frame")
    frames = []
    for value in values:
        fig, ax = plt.subplots(figsize=size, dpi=80)
        draw(value, ax)
        buffer = io.BytesIO()
        fig.savefig(buffer, format="png")
        plt.close(fig)
        frames.append(Image.open(buffer).convert("RGB"))
    # One palette for all frames keeps the file small. It is computed from all of them, because a
    # colour may be in one frame only.
    everything = np.concatenate([np.asarray(frame) for frame in frames])
    shared = Image.fromarray(everything).quantize(
        colors, method=Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE
    )
    palette = np.array(shared.getpalette()).reshape(-1, 3)
    palette[palette.min(axis=1) > 245] = 255  # the background stays exactly white
    shared.putpalette(palette.flatten().tolist())
    return [frame.quantize(palette=shared, dither=Image.Dither.NONE) for frame in frames]

"""Frames → one small GIF that plays anywhere, beside a scrubber and a still strip."""

import base64
import io
from collections.abc import Callable, Sequence
from html import escape

import matplotlib.pyplot as plt
import numpy as np
from IPython.display import HTML, display
from matplotlib.axes import Axes
from PIL import Image

from course_utils.figures.style import base64_of, described
from course_utils.figures.widgets import slider


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
    scrub: bool = False,
) -> None:
    """A film of `draw(value, ax)` over all `values`, then a slider over them with the `still` ones
    as its still picture.

    size: of one frame, in inches. seconds: of one round; the last frame stays a little longer.
    colors: of the film; fewer
    make it smaller. scrub: a handle in the page itself, for readers without a kernel; costs as many
    bytes again as the film.
    """
    frames = pictures(draw, values, size=size, colors=colors)
    moving = base64.b64encode(gif(frames, seconds=seconds)).decode()
    film = f'<img src="data:image/gif;base64,{moving}" alt="{escape(described(alt))}">'
    if scrub:
        sources = " ".join(f"data:image/png;base64,{base64_of(frame)}" for frame in frames)
        show = (
            "this.parentNode.querySelector('img').src = this.dataset.frames.split(' ')[this.value]"
        )
        film = (
            f'<div>{film}<br><input type="range" min="0" max="{len(frames) - 1}" value="0"'
            f' aria-label="{escape(label)}" '
            f'style="width: {frames[0].width}px" data-frames="{sources}" oninput="{show}" '
            # JupyterLab has other plans for the arrow keys
            'data-lm-suppress-shortcuts="true"></div>'
        )
    display(HTML(film))
    slider(draw, values, still=still, label=label, alt=alt, size=size)


def pictures(
    draw: Callable[[object, Axes], None],
    values: Sequence,
    *,
    size: tuple[float, float] = (4, 4),
    colors: int = 32,
) -> list[Image.Image]:
    """`draw(value, ax)` for every value, 80 pixels an inch, with one palette for all."""
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
    # A colour may be in one frame only.
    everything = np.concatenate([np.asarray(frame) for frame in frames])
    shared = Image.fromarray(everything).quantize(
        colors, method=Image.Quantize.MAXCOVERAGE, kmeans=3, dither=Image.Dither.NONE
    )
    palette = np.array(shared.getpalette()).reshape(-1, 3)
    palette[palette.min(axis=1) > 245] = 255  # the paper stays white
    shared.putpalette(palette.flatten().tolist())
    return [frame.quantize(palette=shared, dither=Image.Dither.NONE) for frame in frames]


def gif(frames: Sequence[Image.Image], *, seconds: float = 6.0) -> bytes:
    """The pictures as a looping GIF; the last one stays a little longer."""
    each = int(1000 * seconds / len(frames))
    times = [each] * (len(frames) - 1) + [each + 1500]
    out = io.BytesIO()
    frames[0].save(
        out, format="gif", save_all=True, append_images=frames[1:], loop=0, duration=times
    )
    return out.getvalue()

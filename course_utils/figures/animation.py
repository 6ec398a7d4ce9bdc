"""Animations: one small GIF that plays anywhere, and a slider over the same frames."""

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
    """Show `draw(value, ax)` for all values as a GIF, then as a slider with a still picture.

    Args:
        draw: draws the frame of one value on the axes it gets.
        values: one value per frame, in order.
        still: the values that the slider's still picture shows where there is no kernel.
        label: the slider's label.
        alt: describes the animation for readers who cannot see it.
        size: width and height of a frame, in inches.
        seconds: duration of one loop; the last frame stays 1.5 s longer.
        colors: number of colours of the GIF; fewer make it smaller.
        scrub: add a slider to the page itself, for readers without a kernel. It holds all frames
            once more, so the page grows by about the size of the GIF.
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
            # Else JupyterLab takes the arrow keys for its own shortcuts.
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


def gif(frames: Sequence[Image.Image], *, seconds: float = 6.0) -> bytes:
    """Encode frames as a GIF that loops.

    Args:
        frames: images of one size.
        seconds: duration of one loop; the last frame stays 1.5 s longer.
    """
    each = int(1000 * seconds / len(frames))
    times = [each] * (len(frames) - 1) + [each + 1500]
    out = io.BytesIO()
    frames[0].save(
        out, format="gif", save_all=True, append_images=frames[1:], loop=0, duration=times
    )
    return out.getvalue()

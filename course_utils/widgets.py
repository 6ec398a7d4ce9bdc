"""Live pictures for a running kernel, and a still one, making the same point, for everybody else."""

from collections.abc import Callable, Sequence
from html import escape

import ipywidgets
import matplotlib.pyplot as plt
from IPython.display import display
from matplotlib.axes import Axes

from course_utils.plots import described, png


def slider(
    draw: Callable[[object, Axes], None],
    values: Sequence,
    *,
    still: Sequence,
    label: str,
    alt: str,
    size: tuple[float, float] = (7, 4),
) -> None:
    """A slider over `values`; `draw(value, ax)` paints the picture for one of them, `size` in inches.

    One output carries both: the slider, which a front end with a kernel shows, and a still picture of the `still` values,
    which a page, GitHub or a deck shows instead.
    """
    described(alt)
    if not len(values) or not len(still):
        raise ValueError("a slider needs at least one value to choose from and one for the still picture")
    handle = ipywidgets.SelectionSlider(options=list(values), description=label, layout={"width": "90%"})
    picture = ipywidgets.HTML()

    def redraw(_=None) -> None:
        fig, ax = plt.subplots(figsize=size)
        try:
            draw(handle.value, ax)
        except Exception as error:  # a front end shows nothing of what a callback raises
            plt.close(fig)
            picture.value = f"<pre>{escape(type(error).__name__)}: {escape(str(error))}</pre>"
            raise
        now = escape(f"{alt} Now: {label} {handle.value}.")
        picture.value = f'<img src="data:image/png;base64,{png(fig)}" alt="{now}">'

    redraw()
    handle.observe(redraw, names="value")
    live = ipywidgets.VBox([handle, picture])._repr_mimebundle_()
    wide = size[0] > 2 * size[1]  # wide pictures below each other, others side by side
    rows, columns = (len(still), 1) if wide else (1, len(still))
    fig, axes = plt.subplots(rows, columns, figsize=(size[0] * columns, size[1] * rows), squeeze=False)
    for value, ax in zip(still, axes.flat, strict=True):
        draw(value, ax)
    display({**live, "image/png": png(fig), "text/plain": alt}, metadata={"image/png": {"alt": alt}}, raw=True)

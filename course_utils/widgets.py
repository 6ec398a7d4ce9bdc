"""Live pictures for a running kernel, and a still one, making the same point, for everybody else."""

from collections.abc import Callable, Mapping, Sequence
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
    """A slider over `values`; `draw(value, ax)` paints the picture for one of them. The rest as in `sliders`."""
    sliders(draw, {label: values}, still=[(value,) for value in still], alt=alt, size=size)


def sliders(
    draw: Callable[..., None],
    values: Mapping[str, Sequence],
    *,
    still: Sequence[tuple],
    alt: str,
    start: tuple | None = None,
    size: tuple[float, float] = (7, 4),
) -> None:
    """Sliders, one for each name in `values`; `draw(*chosen, ax)` paints the picture for one value of each.

    still: the choices for the still picture. start: where the sliders stand first; default: the first values. size: inches.

    One output carries both: the sliders, which a front end with a kernel shows, and a still picture of the `still` choices,
    which a page, GitHub or a deck shows instead.
    """
    described(alt)
    if not values or not all(len(choices) for choices in values.values()) or not len(still):
        raise ValueError("a slider needs at least one value to choose from and one for the still picture")
    start = start or tuple(choices[0] for choices in values.values())
    handles = [
        ipywidgets.SelectionSlider(options=list(choices), value=first, description=label, layout={"width": "90%"})
        for (label, choices), first in zip(values.items(), start, strict=True)
    ]
    picture = ipywidgets.HTML()

    def redraw(_=None) -> None:
        fig, ax = plt.subplots(figsize=size)
        chosen = [handle.value for handle in handles]
        try:
            draw(*chosen, ax)
        except Exception as error:  # a front end shows nothing of what a callback raises
            plt.close(fig)
            picture.value = f"<pre>{escape(type(error).__name__)}: {escape(str(error))}</pre>"
            raise
        now = ", ".join(f"{label} {value}" for label, value in zip(values, chosen, strict=True))
        picture.value = f'<img src="data:image/png;base64,{png(fig)}" alt="{escape(f"{alt} Now: {now}.")}">'

    redraw()
    for handle in handles:
        handle.observe(redraw, names="value")
    live = ipywidgets.VBox([*handles, picture])._repr_mimebundle_()
    wide = size[0] > 2 * size[1]  # wide pictures below each other, others side by side
    rows, columns = (len(still), 1) if wide else (1, len(still))
    fig, axes = plt.subplots(rows, columns, figsize=(size[0] * columns, size[1] * rows), squeeze=False)
    for chosen, ax in zip(still, axes.flat, strict=True):
        draw(*chosen, ax)
    display({**live, "image/png": png(fig), "text/plain": alt}, metadata={"image/png": {"alt": alt}}, raw=True)

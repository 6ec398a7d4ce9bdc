"""A square on which the reader draws a set of points."""

from collections.abc import Callable
from pathlib import Path

import anywidget
import numpy as np
import traitlets

from course_utils.figures.style import described

SCRIPT = (Path(__file__).parent / "sketch.js").read_text(encoding="utf-8")


class Sketch(anywidget.AnyWidget):
    """The square: whenever the pointer is lifted, `points` has all points that were drawn.

    Args:
        drawn: called with the points (N, 2), from −1 to 1 along both sides; N is 0 after a click on
            "clear".
        label: what stands above the square.
        alt: describes the square for readers who cannot see it; names another way to choose.
    """

    _esm = (
        SCRIPT
        + "export default { render({ model, el }) { sketch(el, model.get('options'), (points) => {"
        " model.set('points', points.slice()); model.save_changes(); }); } };"
    )
    options = traitlets.Dict().tag(sync=True)
    points: traitlets.List = traitlets.List().tag(sync=True)

    def __init__(self, drawn: Callable[[np.ndarray], object], *, label: str, alt: str) -> None:
        super().__init__(options={"label": label, "alt": described(alt)})
        self.observe(
            lambda change: drawn(np.asarray(change["new"], dtype=float).reshape(-1, 2)),
            names="points",
        )

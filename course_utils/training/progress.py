"""A progress bar that a notebook shows as text."""

import io
from collections.abc import Mapping

from tqdm.std import tqdm


class ProgressBar(tqdm):
    """tqdm's progress bar; in a notebook it is one line of text, rewritten in place.

    tqdm's own notebook bar is a widget, and a saved notebook shows nothing where a widget was.
    """

    def __init__(self, **kwargs) -> None:
        self.handle = None if kwargs.get("disable") else _notebook_line()
        file = io.StringIO() if self.handle else None  # stderr has a red background in notebooks
        ascii = False if self.handle else None
        super().__init__(file=file, mininterval=0.2, ncols=80, ascii=ascii, **kwargs)

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        """Show the bar, or `msg` in its place."""
        if self.handle:
            self.handle.update({"text/plain": str(self) if msg is None else msg}, raw=True)
        else:
            super().display(msg, pos)

    def show_losses(self, row: Mapping[str, float]) -> None:
        """Show the losses of one row of the history beside the bar."""
        losses = (f"{name}={value:.4g}" for name, value in row.items() if name.endswith("loss"))
        self.set_postfix_str(", ".join(losses), refresh=False)


def _notebook_line():
    """Return a line of output that can be rewritten, in a Jupyter kernel; None elsewhere."""
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        return None
    if not hasattr(get_ipython(), "kernel"):
        return None
    return display({"text/plain": ""}, raw=True, display_id=True)

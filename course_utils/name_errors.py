"""A NameError in a notebook says which other cell defines the name.

`import course_utils` in a notebook is enough; under `make lab` every kernel does so from its
start.
"""

import json
import os
import sys
from pathlib import Path

from course_utils import names

START = Path(__file__).with_name("kernel_start.py")  # run by every kernel that `make lab` starts
RUN_IT = "run that cell first, or all above: Run ▸ Run All Above Selected Cell."


def listen() -> None:
    """Extend every later NameError in this notebook by the place where the name is defined.

    Outside of a notebook nothing happens.
    """
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None:
        shell.set_custom_exc((NameError,), _explained)


def where_defined(name: str, cells: list[dict], source: str) -> str:
    """Return a sentence that says which cell defines a name; "" if none does.

    Of several cells, the last one above the failing cell counts; if all stand below it, the first.

    Args:
        name: the name that is not defined.
        cells: the cells of the notebook, as in its file.
        source: of the cell that raised the error.
    """
    heading, here, makers = "", len(cells), []
    for place, cell in enumerate(cells):
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            titles = [line.lstrip("# ") for line in text.splitlines() if line.startswith("#")]
            heading = titles[-1] if titles else heading
        elif text.strip() == source.strip():
            here = place
        elif line := names.lines_of(text).get(name):
            makers.append(
                (
                    place,
                    (
                        f"It is defined under “{heading}” by the line"
                        f" `{text.splitlines()[line - 1].strip()}`: {RUN_IT}"
                    ),
                )
            )
    above = [said for place, said in makers if place < here]
    return above[-1] if above else makers[0][1] if makers else ""


def _explained(shell, kind, error, traceback, tb_offset=None) -> None:
    """Show a NameError with its hint; IPython calls this in place of its own display."""
    try:
        # Jupyter and VS Code name the notebook's file here; other front ends may not.
        path = os.environ.get("JPY_SESSION_NAME") or shell.user_ns.get("__vsc_ipynb_file__") or ""
        if Path(path).is_file():
            cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
            hint = where_defined(error.name, cells, shell.user_ns["In"][-1]) if error.name else ""
        else:
            hint = f"If another cell defines it, {RUN_IT}"
        if hint and not isinstance(error, UnboundLocalError):  # its name is not a notebook's
            error.args = (f"{error}. {hint}",)
    except Exception:  # the error itself matters more than what we say about it
        pass
    shell.showtraceback((kind, error, traceback), tb_offset=tb_offset)

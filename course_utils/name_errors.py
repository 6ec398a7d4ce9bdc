"""A cell that was run too early says which other cell it waits for.

`import course_utils` in a notebook is enough; `make lab` listens from the start of every kernel.
"""

import ast
import json
import os
import sys
from pathlib import Path

START = Path(__file__).with_name("kernel_start.py")  # run by every kernel that `make lab` starts
AGAIN = "run that cell first, or all above: Run ▸ Run All Above Selected Cell."


def listen() -> None:
    """From now on a NameError in this notebook also says where the name is made.

    Nothing happens outside of a notebook.
    """
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    if shell is not None:
        shell.set_custom_exc((NameError,), _explained)


def waits_for(name: str, cells: list[dict], source: str) -> str:
    """Which cell makes `name`, in a sentence; "" if none does.

    cells: of a notebook, as in its file. source: of the cell that wanted the name; the last maker
    above it is meant.
    """
    heading, here, makers = "", len(cells), []
    for place, cell in enumerate(cells):
        text = "".join(cell["source"])
        if cell["cell_type"] == "markdown":
            titles = [line.lstrip("# ") for line in text.splitlines() if line.startswith("#")]
            heading = titles[-1] if titles else heading
        elif text.strip() == source.strip():
            here = place
        elif line := bindings(text).get(name):
            makers.append(
                (
                    place,
                    (
                        f"It is made under “{heading}” by the line"
                        f" `{text.splitlines()[line - 1].strip()}`: {AGAIN}"
                    ),
                )
            )
    above = [said for place, said in makers if place < here]
    return above[-1] if above else makers[0][1] if makers else ""


def bindings(source: str) -> dict[str, int]:
    """Names that a cell assigns, defines or imports → the line, from 1, that does so first; {}
    where it is no plain Python.
    """
    found: dict[str, int] = {}

    def look(node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                found.setdefault(child.name, child.lineno)
            elif isinstance(child, ast.alias):
                found.setdefault(child.asname or child.name.split(".")[0], child.lineno)
            elif not isinstance(child, ast.Lambda | ast.comprehension):
                if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
                    found.setdefault(child.id, child.lineno)
                look(child)

    try:
        look(ast.parse(source))
    except SyntaxError:
        pass
    return found


def _explained(shell, kind, error, traceback, tb_offset=None) -> None:
    try:
        path = os.environ.get("JPY_SESSION_NAME") or shell.user_ns.get("__vsc_ipynb_file__") or ""
        if Path(path).is_file():
            cells = json.loads(Path(path).read_text(encoding="utf-8"))["cells"]
            hint = waits_for(error.name, cells, shell.user_ns["In"][-1]) if error.name else ""
        else:
            hint = f"If another cell makes it, {AGAIN}"
        if hint and not isinstance(error, UnboundLocalError):
            error.args = (f"{error}. {hint}",)
    except Exception:  # the error itself matters more than what we say about it
        pass
    shell.showtraceback((kind, error, traceback), tb_offset=tb_offset)

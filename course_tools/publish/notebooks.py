"""Find, execute, clean, read and write the notebooks of a checkout."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat
from jupyter_client import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbconvert.preprocessors import CoalesceStreamsPreprocessor
from nbformat import NotebookNode
from traitlets.config import Config

from course_utils.errors import CourseError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
SLOW = 60  # seconds; a cell that takes longer is named, and continues
HANGS = 3600  # seconds; even a busy machine is not that slow, so the cell will not end
# Jupyter encrypts the connection to the kernel only on request, and only its newer versions can;
# these warn where it is not encrypted.
ENCRYPTED = Config(
    {"KernelManager": {"transport_encryption": "auto"}}
    if hasattr(KernelManager, "transport_encryption")
    else {}
)
WIDGET = "application/vnd.jupyter.widget-view+json"


def pyproject() -> dict:
    """Return what is in the checkout's pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@dataclass(frozen=True)
class Lesson:
    """One lesson.

    Attributes:
        path: of its notebook.
        number: e.g. "02".
        title: from the notebook's metadata.
        see: what one will see in it, from the same metadata.
        study: how long a first reading with all tasks takes, from the same metadata.
        seconds: duration of its last committed run; None if it has none.
    """

    path: Path
    number: str
    title: str
    see: str
    study: str
    seconds: float | None

    @property
    def name(self) -> str:
        """The name of its file without the suffix."""
        return self.path.stem

    def read(self) -> NotebookNode:
        """Return the notebook."""
        return nbformat.read(self.path, as_version=4)


def require_checkout() -> Path:
    """Return the folder of the checkout; SystemExit where the package was installed without one."""
    if not (ROOT / "pyproject.toml").exists():
        raise SystemExit(
            "This command works on a checkout of the course: install from there, with `pip install"
            ' --editable ".[lab,teach]"`'
        )
    return ROOT


def require_the_course() -> None:
    """Raise CourseError in a class repository, which has no lessons to change."""
    # Imported here: it brings PyTorch, for which `lab` must not wait.
    from course_utils.exercises.catalogue import HANDOUT

    if HANDOUT.exists():
        raise CourseError(
            "This is a class repository. Do that in the course from which it was generated."
        )


def find(*numbers: str) -> list[Lesson]:
    """Return the lessons of this checkout in order.

    Args:
        numbers: return only the lessons with these numbers, e.g. "02".

    Raises:
        SystemExit: where there is no such lesson, or none at all.
    """
    folder = require_checkout() / "notebooks"
    lessons = []
    for path in sorted(folder.glob("[0-9][0-9]_*.ipynb")):
        about = nbformat.read(path, as_version=4).metadata.get("course")
        if not about:
            raise SystemExit(
                f"{path} has no `course` (lesson, title, see, study) in its metadata; all other"
                " lessons have it."
            )
        lessons.append(
            Lesson(
                path,
                about.lesson,
                about.title,
                about.see,
                about.get("study", "–"),
                about.get("seconds"),
            )
        )
    if not lessons:
        raise SystemExit(
            f"There are no lessons in {folder}. (A class repository has only the student versions.)"
        )
    unknown = set(numbers) - {lesson.number for lesson in lessons}
    if unknown:
        known = ", ".join(lesson.number for lesson in lessons)
        raise SystemExit(f"There is no lesson {', '.join(sorted(unknown))}; there are {known}.")
    return [lesson for lesson in lessons if not numbers or lesson.number in numbers]


def code_cells(notebook: NotebookNode) -> Iterator[NotebookNode]:
    """Return the code cells of a notebook."""
    return (cell for cell in notebook.cells if cell.cell_type == "code")


# One client runs the cells, watches for slow ones, and tells how the kernel ended.
def execute(
    notebook: NotebookNode,
    folder: Path,
    on_cell: Callable[[int], None] = lambda n: None,
    on_slow: Callable[[int], None] = lambda n: None,
) -> tuple[float, str | None]:
    """Run all cells of a notebook, in place, in a fresh kernel.

    Args:
        notebook: gets the outputs.
        folder: where the kernel works.
        on_cell: called with the number of code cells begun so far.
        on_slow: called, in another thread, with that number when a cell has taken `SLOW` seconds;
            the cell continues.

    Returns:
        The seconds it took, and the error: the cell and what it raised; None if there was none.
    """
    begun, watch = 0, threading.Timer(0, lambda: None)

    def count(cell: NotebookNode, cell_index: int) -> None:
        nonlocal begun, watch
        watch.cancel()
        if cell.cell_type == "code":
            begun += 1
            on_cell(begun)
            watch = threading.Timer(SLOW, on_slow, [begun])
            watch.daemon = True
            watch.start()

    client = NotebookClient(
        notebook,
        timeout=HANGS,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        on_cell_execute=count,
        config=ENCRYPTED,
    )
    start, error = time.monotonic(), None
    try:
        client.execute()
    except CellExecutionError as failure:
        error = f"cell {begun}: {failure.ename}: {failure.evalue}"
    except CellTimeoutError:
        error = f"cell {begun}: did not end within {HANGS} s"
    except DeadKernelError:
        error = f"cell {begun}: the kernel died; most often the memory was full"
    finally:
        watch.cancel()
    seconds = time.monotonic() - start
    clean(notebook)
    return seconds, error


def clean(notebook: NotebookNode) -> None:
    """Remove what only makes sense with a kernel: widget views, timestamps, and breaks in streams.

    The still pictures beside widget views stay.
    """
    notebook.metadata.pop("widgets", None)
    CoalesceStreamsPreprocessor().preprocess(notebook, {})
    for cell in code_cells(notebook):
        cell.metadata.pop("execution", None)
        for output in cell.outputs:
            if "data" in output:
                output.data.pop(WIDGET, None)


def write(notebook: NotebookNode, path: Path) -> None:
    """Write a valid notebook to a file, and create missing folders."""
    nbformat.validate(notebook)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(f"{nbformat.writes(notebook)}\n".encode())  # lines end in \n on Windows, too


def heading(notebook: NotebookNode, position: int) -> str:
    """Return the last markdown heading at or before the cell at `position`; "" if there is none."""
    for cell in reversed(notebook.cells[: position + 1]):
        if cell.cell_type == "markdown":
            for line in cell.source.splitlines():
                if line.startswith("#"):
                    return line.lstrip("# ")
    return ""


def execute_in_place(*numbers: str) -> int:
    """Run lessons and save them with their outputs, as they are committed; return the exit code.

    A lesson in which a cell fails is not saved.

    Args:
        numbers: only these lessons; default: all.
    """
    failed = False
    for lesson in find(*numbers):
        notebook = lesson.read()
        seconds, error = execute(notebook, lesson.path.parent)
        print(
            f"{lesson.number} {lesson.title}: {seconds:.0f} s, "
            + (f"FAILED in {error}" if error else "saved")
        )
        if not error:
            notebook.metadata.course.seconds = round(seconds)
            write(notebook, lesson.path)
        failed = failed or error is not None
    return int(failed)

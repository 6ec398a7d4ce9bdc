"""The notebooks of a checkout: found, executed, cleaned, read and written."""

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

ROOT = Path(__file__).resolve().parents[2]
SLOW = 60  # seconds; a cell that takes longer is named, and goes on
HANGS = 3600  # seconds; a busy machine is slow, and what takes longer than this does not end
# Jupyter encrypts the line to the kernel only when asked to, and only its newer versions can;
# without it they warn.
ENCRYPTED = Config(
    {"KernelManager": {"transport_encryption": "auto"}}
    if hasattr(KernelManager, "transport_encryption")
    else {}
)
WIDGET = "application/vnd.jupyter.widget-view+json"


@dataclass(frozen=True)
class Lesson:
    """One lesson.

    number: "02". title, see, study: from the notebook's metadata. seconds: of its last committed run, or
    None.
    """

    path: Path
    number: str
    title: str
    see: str
    study: str
    seconds: float | None

    @property
    def name(self) -> str:
        return self.path.stem

    def read(self) -> NotebookNode:
        return nbformat.read(self.path, as_version=4)


def require_checkout() -> Path:
    """The folder of the checkout; SystemExit where the package was installed without one."""
    if not (ROOT / "pyproject.toml").exists():
        raise SystemExit(
            "This command works on a checkout of the course: install from there, with `pip install"
            ' --editable ".[lab,teach]"`'
        )
    return ROOT


def require_the_course() -> None:
    """Raise CourseError in a class repository, which has no lessons to change."""
    # Here, for it brings PyTorch, and `lab` does not wait for that.
    from course_utils.exercises.catalogue import HANDOUT

    if HANDOUT.exists():
        raise CourseError(
            "This is a class repository. That is done in the course it was made from."
        )


def find(*numbers: str) -> list[Lesson]:
    """The lessons of this checkout in order, or only those with the given numbers.

    Raises SystemExit, with a sentence.
    """
    folder = require_checkout() / "notebooks"
    lessons = []
    for path in sorted(folder.glob("[0-9][0-9]_*.ipynb")):
        about = nbformat.read(path, as_version=4).metadata.get("course")
        if not about:
            raise SystemExit(
                f"{path} says nothing of its `course` (number, title, see, study) in its metadata; other"
                " lessons do."
            )
        lessons.append(
            Lesson(path, about.lesson, about.title, about.see, about.study, about.get("seconds"))
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
    return (cell for cell in notebook.cells if cell.cell_type == "code")


# The kernel's ways to end, and the watch on slow cells, share one client.
def execute(
    notebook: NotebookNode,
    folder: Path,
    on_cell: Callable[[int], None] = lambda n: None,
    on_slow: Callable[[int], None] = lambda n: None,
) -> tuple[float, str | None]:
    """Run all cells in place, in a fresh kernel working in `folder`. Returns seconds and the error,
    None if there was none.

    on_cell: called with the number of code cells begun so far. on_slow: called, in another thread,
    with that number when a cell has taken SLOW seconds; it goes on all the same. The error names
    the cell and what it raised.
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
    """Take out what only lives with a kernel: widget views (their still pictures stay), timestamps,
    where a stream was cut.
    """
    notebook.metadata.pop("widgets", None)
    CoalesceStreamsPreprocessor().preprocess(notebook, {})
    for cell in code_cells(notebook):
        cell.metadata.pop("execution", None)
        for output in cell.outputs:
            if "data" in output:
                output.data.pop(WIDGET, None)


def write(notebook: NotebookNode, path: Path) -> None:
    nbformat.validate(notebook)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")


def heading(notebook: NotebookNode, position: int) -> str:
    """The last markdown heading at or before the cell at `position`."""
    for cell in reversed(notebook.cells[: position + 1]):
        if cell.cell_type == "markdown":
            for line in cell.source.splitlines():
                if line.startswith("#"):
                    return line.lstrip("# ")
    return ""


def execute_in_place(*numbers: str) -> int:
    """Run lessons and save them with their outputs, as they are committed.

    Nothing is saved where a cell fails.
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

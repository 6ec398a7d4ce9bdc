"""Notebooks as the student's own kernel and as the grader see them, many in one process.

    python tests/replays.py < notebooks.json

reads a list of notebooks, each with whether IPython shall run its cells one after the other, and
writes for each, by task, the points that `verify` gave there, and those of the grader, with its
reason. Everything of the grader's is real but its walls: a run is a fork of this process, without
bubblewrap, so that a notebook takes about a second.
"""

import contextlib
import io
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator

from course_tools.grading import extract, mark, sandbox
from course_tools.grading.inside import packing
from course_utils.exercises import TASKS, verify


class Here:
    """`sandbox.Reading`, in this process."""

    def __init__(self, notebook: bytes, name: str, lessons: dict, course: dict) -> None:
        import run

        content = extract.parse(notebook, name)
        cells = extract.code_cells(content)
        statements = extract.statements(cells, course)
        self.unreadable, self.python = None, tuple(extract.python_of(content))
        self.lessons, self.tasks = extract.tasks_in(cells, statements, lessons)
        self.answers = extract.think_answers(content, course)
        self.session = run.Session(cells, statements, "unsafe")

    def run(self, task: str, chosen: sandbox.Try, rounds: list, arrays: dict) -> sandbox.Outcome:
        import protocol

        asked = {"task": task, "rounds": rounds, "seconds": 5.0, "wall": sandbox.WALL}
        asked |= vars(chosen)
        with without_others():
            ended, answer = self.session.answer(asked, arrays)
        outcome = sandbox.Outcome(ended)
        if ended == "answer":
            content = io.BytesIO(answer.tobytes())
            outcome.header, outcome.arrays = protocol.receive(content, packing.MOST)
        return outcome


@contextlib.contextmanager
def without_others() -> Iterator[None]:
    """As long as the block lasts, there are only the packages that a grader has."""
    import run

    held = run.Held(sandbox.held("unsafe"))
    roots = held.held | {path.stem for path in sandbox.FILES} | {"__main__"}
    modules, finders = dict(sys.modules), list(sys.meta_path)
    for name in modules:
        if name.partition(".")[0] not in roots:
            del sys.modules[name]
    sys.meta_path[:] = [held if each is run.PathFinder else each for each in finders]
    try:
        yield
    finally:
        sys.meta_path[:] = finders
        sys.modules.update(modules)


@contextlib.contextmanager
def reading(*about: object, kind: str) -> Iterator[Here]:
    yield Here(*about)


def graded(notebook: dict) -> dict[str, tuple[float | None, str]]:
    job = mark.Job("ada", "x.ipynb", json.dumps(notebook).encode(), os.urandom(32))
    marks = [each for each in mark.mark(job) if not each.task.startswith(extract.THINK)]
    return {each.task: (each.points, each.reason) for each in marks}


def verified(notebook: dict) -> dict[str, int]:
    """What `verify` says in IPython, in a process of its own."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        said: dict[str, int] = {}
        try:
            from IPython.core.interactiveshell import InteractiveShell

            shell = InteractiveShell.instance()
            for cell in extract.code_cells(notebook):
                shell.run_cell(cell.source)
            said = {name: result.points for name, result in verify.last.items()}
        finally:
            os.write(writer, json.dumps(said).encode())
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        said = file.read()
    os.wait()
    return json.loads(said or "{}")


def main() -> None:
    sandbox.reading = reading
    notebooks = json.load(sys.stdin)
    stdout = os.fdopen(os.dup(1), "w")
    for descriptor in (1, 2):
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)
    assert TASKS  # read before the first fork, not in each
    with tempfile.TemporaryDirectory() as folder:
        for source in sandbox.FILES:  # beside each other, as in the sandbox
            shutil.copy(source, folder)
        sys.path.insert(0, folder)
        found = [
            {"verify": verified(each) if run else {}, "grade": graded(each)}
            for each, run in notebooks
        ]
    json.dump(found, stdout)
    stdout.close()


if __name__ == "__main__":
    main()

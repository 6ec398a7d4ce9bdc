"""`course submit`: check a notebook and write the one file to hand in. The notebook itself stays as
it is.
"""

import json
import re
from pathlib import Path

from course_tools.grading import extract
from course_tools.student import lab
from course_utils import atomic
from course_utils.exercises import TASKS

SAID = {
    extract.WRITTEN: "✓ written",
    extract.NOT_STARTED: "○ not started",
    extract.MISSING: "✗ not in the notebook: restart it, and copy your work over",
    extract.BROKEN: "✗ its cell is no valid Python: run it, and read the error",
}


def find(lesson: str) -> Path:
    """The student's notebook of a lesson number, or the file of that path.

    Raises SystemExit, with a sentence.
    """
    path = Path(lesson)
    if not re.fullmatch(r"\d\d?", lesson):
        if not path.is_file():
            raise SystemExit(
                f"There is no file {lesson}. Give the number of a lesson, such as 05, or the path"
                " of your notebook."
            )
        return path
    path = lab.copy_of(lesson)
    if not path.exists():
        raise SystemExit(
            f"There is no {path.name} in {lab.WORK}. Give the path of your notebook, if it has"
            " another name."
        )
    return path


def submit(lesson: str, *, name: str | None = None, out: Path | None = None) -> int:
    """Check a notebook and write the one file to hand in: the same without outputs. Returns the
    exit code.

    name: of the student, to become part of the file's name. out: folder for the file (default:
    handin/ beside the notebook).
    """
    path = find(lesson)
    try:
        notebook = extract.read(path)
    except extract.UnreadableError as error:
        raise SystemExit(str(error)) from error
    cells = extract.code_cells(notebook)
    number = extract.lesson_of(cells, {task.name: task.lesson for task in TASKS.values()})
    if number is None:
        raise SystemExit(f"{path.name} holds none of the course's tasks. Is it the right notebook?")
    tasks = [task for task in TASKS.values() if task.lesson == number]
    found = extract.answers(cells, [task.name for task in tasks])
    print(f"{path}, lesson {number}")
    width = max(len(task.name) for task in tasks)
    for task in tasks:
        answer = found[task.name]
        course = (
            f"; it uses {', '.join(answer.course)} of course_utils, which a grader does not have"
            * bool(answer.course)
        )
        print(
            f"  {task.name:<{width}}  {task.points} point{'s' if task.points > 1 else ' '} "
            f" {SAID[answer.status]}{course}"
        )
    written = sum(answer.status == extract.WRITTEN for answer in found.values())
    print(
        f"{written} of {len(tasks)} tasks are written. Whether they are right, the cells with"
        " `verify` say."
    )
    target = (out or path.parent / "handin") / _file_name(number, name)
    if target.exists() and target.samefile(path):
        raise SystemExit(
            f"{target} is your notebook itself, which would lose its outputs. Name another folder"
            " with --out."
        )
    content = json.dumps(_without_outputs(notebook), ensure_ascii=False, indent=1) + "\n"
    # Half a character is written as JSON writes it.
    atomic.write(target, content.encode("utf-8", "backslashreplace"))
    print(f"Hand in this one file: {target}")
    return 0


def _file_name(number: str, name: str | None) -> str:
    """E.g. 05.ipynb, or 05_ada_lovelace.ipynb."""
    words = re.findall(r"\w+", name or "")
    return "_".join([number, *words]).lower() + ".ipynb"


def _without_outputs(notebook: dict) -> dict:
    cells = [
        (
            {**cell, "outputs": [], "execution_count": None}
            if isinstance(cell, dict) and cell.get("cell_type") == "code"
            else cell
        )
        for cell in notebook["cells"]
    ]
    metadata = notebook.get("metadata")
    kept = (
        {key: value for key, value in metadata.items() if key != "widgets"}
        if isinstance(metadata, dict)
        else {}
    )
    return {**notebook, "cells": cells, "metadata": kept}

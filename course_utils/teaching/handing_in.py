"""`python -m course_utils submit` and `restart`: hand a notebook in, or begin it afresh. Both keep what was there."""

import json
import re
from pathlib import Path

from course_utils import files
from course_utils.exercises import TASKS
from course_utils.teaching import lab, submissions

SAID = {
    submissions.WRITTEN: "✓ written",
    submissions.NOT_STARTED: "○ not started",
    submissions.MISSING: "✗ not in the notebook: restart it, and copy your work over",
    submissions.BROKEN: "✗ its cell is no valid Python: run it, and read the error",
}


def find(lesson: str) -> Path:
    """The student's notebook of a lesson number, or the file of that path. Raises SystemExit, with a sentence."""
    path = Path(lesson)
    if not re.fullmatch(r"\d\d?", lesson):
        if not path.is_file():
            raise SystemExit(
                f"There is no file {lesson}. Give the number of a lesson, such as 05, or the path of your notebook."
            )
        return path
    path = _copy_of(lesson)
    if not path.exists():
        raise SystemExit(f"There is no {path.name} in {lab.WORK}. Give the path of your notebook, if it has another name.")
    return path


def _copy_of(lesson: str) -> Path:
    """Where the student's copy of a lesson is, or will be."""
    handed_out = sorted(lab.STUDENT.glob(f"{lesson:0>2}_*.ipynb"))
    if not handed_out:
        raise SystemExit(f"There is no lesson {lesson}.")
    return lab.WORK / handed_out[0].name


def submit(lesson: str, *, name: str | None = None, out: Path | None = None) -> int:
    """Check a notebook and write the one file to hand in: the same without outputs. Returns the exit code.

    name: of the student, to become part of the file's name. out: folder for the file (default: handin/ beside the notebook).
    """
    path = find(lesson)
    try:
        notebook = submissions.read(path)
    except submissions.Unreadable as error:
        raise SystemExit(str(error)) from error
    cells = submissions.code_cells(notebook)
    number = submissions.lesson_of(cells, {task.name: task.lesson for task in TASKS.values()})
    if number is None:
        raise SystemExit(f"{path.name} holds none of the course's tasks. Is it the right notebook?")
    tasks = [task for task in TASKS.values() if task.lesson == number]
    found = submissions.answers(cells, [task.name for task in tasks])
    print(f"{path}, lesson {number}")
    width = max(len(task.name) for task in tasks)
    for task in tasks:
        answer = found[task.name]
        course = f"; it uses {', '.join(answer.course)} of course_utils, which a grader does not have" * bool(answer.course)
        print(f"  {task.name:<{width}}  {task.points} point{'s' if task.points > 1 else ' '}  {SAID[answer.status]}{course}")
    written = sum(answer.status == submissions.WRITTEN for answer in found.values())
    print(f"{written} of {len(tasks)} tasks are written. Whether they are right, the cells with `verify` say.")
    target = (out or path.parent / "handin") / _file_name(number, name)
    if target.exists() and target.samefile(path):
        raise SystemExit(f"{target} is your notebook itself, which would lose its outputs. Name another folder with --out.")
    content = json.dumps(_without_outputs(notebook), ensure_ascii=False, indent=1) + "\n"
    files.write(target, content.encode("utf-8", "backslashreplace"))  # half a character is written as JSON writes it
    print(f"Hand in this one file: {target}")
    return 0


def restart(lesson: str) -> int:
    """A fresh copy of a lesson in work/; the old one is kept beside it in work/kept/. Returns the exit code."""
    path = _copy_of(lesson)
    if path.exists():
        kept = next(place for n in range(1, 10_000) if not (place := lab.WORK / "kept" / f"{path.stem}-{n}.ipynb").exists())
        kept.parent.mkdir(exist_ok=True)
        path.rename(kept)
        print(f"What you had is kept: {kept}")
    lab.copy_missing()
    print(f"A fresh copy: {path}")
    return 0


def _file_name(number: str, name: str | None) -> str:
    """E.g. 05.ipynb, or 05_ada_lovelace.ipynb."""
    words = re.findall(r"\w+", name or "")
    return "_".join([number, *words]).lower() + ".ipynb"


def _without_outputs(notebook: dict) -> dict:
    cells = [
        {**cell, "outputs": [], "execution_count": None} if isinstance(cell, dict) and cell.get("cell_type") == "code" else cell
        for cell in notebook["cells"]
    ]
    metadata = notebook.get("metadata")
    kept = {key: value for key, value in metadata.items() if key != "widgets"} if isinstance(metadata, dict) else {}
    return {**notebook, "cells": cells, "metadata": kept}

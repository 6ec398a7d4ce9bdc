"""`course submit`: check a notebook, and write the file to hand in.

The notebook itself is unchanged.
"""

import json
import re
import secrets
import unicodedata
from pathlib import Path

from course_tools.grading import extract, mark
from course_tools.student import lab
from course_utils import atomic
from course_utils.exercises import TASKS

SYMBOLS = {"right": "✓", "not started": "○", mark.REVIEW: "?"}


def find(lesson: str) -> Path:
    """Return the student's notebook of a lesson.

    Args:
        lesson: its number, e.g. "05", or the path of a notebook.

    Raises:
        SystemExit: where there is none.
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
    """Check a notebook as a grader does, write the file to hand in, and return the exit code.

    The file is the notebook without outputs.

    Args:
        lesson: its number, e.g. "05", or the path of the notebook.
        name: the student's; becomes part of the file's name.
        out: folder for the file; default: handin/ beside the notebook.
    """
    path = find(lesson)
    try:
        notebook = extract.read(path)
    except extract.UnreadableError as error:
        raise SystemExit(str(error)) from error
    print(f"{path}: every task is run as a grader runs it …", flush=True)
    job = mark.Job("", path.name, path.read_bytes(), secrets.token_bytes(32), kind="own")
    marks = mark.mark(job)
    found = sorted({mark.lesson for mark in marks if mark.task})
    if not found:
        if marks and marks[0].status == mark.REVIEW:
            raise SystemExit(f"{path} could not be checked: {marks[0].reason}. Try again.")
        reason = marks[0].reason if marks else ""
        raise SystemExit(f"{reason} Is it the right notebook?".strip())
    _print(marks)
    target = (out or path.parent / "handin") / _file_name("-".join(found), name)
    if target.exists() and target.samefile(path):
        raise SystemExit(
            f"{target} is your notebook itself, which would lose its outputs. Name another folder"
            " with --out."
        )
    content = json.dumps(_without_outputs(notebook), ensure_ascii=False, indent=1) + "\n"
    # A lone surrogate cannot be encoded: it is written as an escape, as in JSON.
    atomic.write(target, content.encode("utf-8", "backslashreplace"))
    print(f"Hand in this one file: {target}")
    return 0


def _print(marks: list[mark.Mark]) -> None:
    """Print a line per task, what a grader would say of it, and one per question in words."""
    width = max(len(each.task) for each in marks)
    in_words = [each for each in marks if each.task.startswith(extract.THINK)]
    tasks = [each for each in marks if each not in in_words]
    for each in tasks:
        points = f"{each.points or 0:g} of {each.of}"
        symbol = SYMBOLS.get(each.status, "✗")
        print(f"  {symbol} {each.task:<{width}}  {points:>8}  {each.reason}")
    of = sum(TASKS[each.task].points for each in tasks)
    total = sum(each.points or 0 for each in tasks)
    print(f"{total:g} of {of} points. A grader draws other inputs, and runs the same code.")
    if in_words:
        print("Answers to the Think questions, which a person reads:")
    for each in in_words:
        said = " ".join(each.source.split())
        short = f"{said[:59]}…" if len(said) > 60 else said
        print(f"  {'✎' if said else '–'} {each.task:<{width}}  {short or 'no answer yet'}")


def _file_name(number: str, name: str | None) -> str:
    """Return e.g. 05.ipynb, or 05_ada_lovelace.ipynb: letters of every script, marks and digits."""
    text = unicodedata.normalize("NFC", name or "").lower()
    kept = (c if unicodedata.category(c)[0] in "LMN" else " " for c in text)
    return "_".join([number, *"".join(kept).split()]) + ".ipynb"


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

"""`course lab`: the student's own copies of the lessons in `work/`, opened in JupyterLab."""

import os
import shutil
import sys
from pathlib import Path

from course_tools.publish import notebooks
from course_tools.publish.student_version import handed_out
from course_utils import name_errors

WORK = notebooks.ROOT / "work"


def copy_missing() -> list[str]:
    """Copy each student notebook to `work/`, unless a file of its name is there.

    Returns:
        The names of the files copied.
    """
    notebooks.require_checkout()
    WORK.mkdir(exist_ok=True)
    copied = []
    for source in handed_out():
        target = WORK / source.name
        if not target.exists():
            shutil.copyfile(source, target)
            copied.append(source.name)
    return copied


def copy_of(lesson: str) -> Path:
    """Return the path of the student's copy of a lesson, whether or not it is there yet."""
    known = {path.name[:2]: path for path in handed_out()}
    if (number := f"{lesson:0>2}") not in known:
        raise SystemExit(f"There is no lesson {lesson}; there are {', '.join(known)}.")
    return WORK / known[number].name


def lab(extra: list[str]) -> None:
    """Open JupyterLab in `work/` with its default settings: localhost and a token.

    Args:
        extra: further arguments for JupyterLab.
    """
    copied = copy_missing()
    print(
        f"Your copies are in {WORK}; new today: {', '.join(copied) or 'none'}. What you have there"
        " is never overwritten."
    )
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        print(
            "You are root, as in most containers. JupyterLab does not start as root by default, so"
            " it gets --allow-root."
        )
        extra = ["--allow-root", *extra]
    from jupyterlab.labapp import main

    # Every IPython kernel runs this file at its start.
    os.environ.setdefault("PYTHONSTARTUP", str(name_errors.START))
    os.chdir(WORK)
    sys.argv[0] = "jupyter-lab"
    sys.exit(main(extra))

"""`course lab`, `course submit` and `course restart`."""

from argparse import Namespace
from pathlib import Path


def add_to(commands) -> None:
    """Declare the commands of this folder."""
    command = commands.add_parser(
        "lab",
        help="copy the student notebooks to work/ and open JupyterLab there; more options go to it",
        description="Copy the student notebooks to work/, as far as they are not there, and open"
        " JupyterLab there. All other options are JupyterLab's, e.g. --port 8899 --no-browser.",
    )
    command.set_defaults(run=lab, passes_on=True)
    command = commands.add_parser(
        "submit", help="check your copy of a lesson and write the one file to hand in"
    )
    command.add_argument("lesson", help="its number, e.g. 05, or the path of your notebook")
    command.add_argument("--name", help="yours, to become part of the file's name")
    command.add_argument(
        "--out", type=Path, help="folder for the file (default: handin/ beside your notebook)"
    )
    command.set_defaults(run=submit)
    command = commands.add_parser(
        "restart", help="a fresh copy of a lesson in work/; the old one is kept"
    )
    command.add_argument("lesson", help="its number, e.g. 05")
    command.set_defaults(run=restart)


# Each function imports what it needs: `lab` must not wait for PyTorch.


def lab(chosen: Namespace) -> None:
    from course_tools.student.lab import lab

    lab(chosen.rest)


def submit(chosen: Namespace) -> int:
    from course_tools.student.submit import submit

    return submit(chosen.lesson, name=chosen.name, out=chosen.out)


def restart(chosen: Namespace) -> int:
    from course_tools.student.restart import restart

    return restart(chosen.lesson)

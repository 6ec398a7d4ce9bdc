"""`course unpack`, `course grade` and `course try`."""

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from course_tools.grading import trial


def add_to(commands) -> None:
    """Declare the commands of this folder."""
    _add_unpack(commands)
    command = commands.add_parser(
        "grade", help="mark what students handed in, their code in a sandbox; resumes after a break"
    )
    command.add_argument(
        "submissions", type=Path, help="a folder per student in it, or notebooks named by student"
    )
    command.add_argument(
        "--out",
        type=Path,
        default=Path("grades"),
        help="folder for tables and feedback (default: %(default)s)",
    )
    _about_the_class(command)
    command.add_argument(
        "--jobs", type=int, metavar="N", help="notebooks at a time (default: one per core)"
    )
    command.add_argument(
        "--backend", choices=("local", "dask"), default="local", help="where (default: %(default)s)"
    )
    command.add_argument(
        "--scheduler", metavar="ADDRESS", help="of the Dask cluster, e.g. tcp://10.0.0.1:8786"
    )
    command.add_argument(
        "--again", action="store_true", help="mark once more what needed review the last time"
    )
    command.add_argument(
        "--unsafe-no-sandbox",
        action="store_true",
        help="run their code with your rights; read it first",
    )
    command.set_defaults(run=grade)
    trial.add_to(commands)


def _add_unpack(commands) -> None:
    command = commands.add_parser(
        "unpack", help="put the notebooks of downloads from Moodle or Canvas into one folder"
    )
    command.add_argument("archives", type=Path, nargs="+", metavar="ZIP", help="as downloaded")
    command.add_argument(
        "--into",
        type=Path,
        default=Path("submissions"),
        help="the folder (default: %(default)s)",
    )
    command.set_defaults(run=unpack)


def _about_the_class(command: ArgumentParser) -> None:
    """Declare what `course grade` may be told about the class."""
    command.add_argument(
        "--roster",
        type=Path,
        metavar="FILE",
        help="who is in the class (default: roster.csv in --out, if there is one)",
    )
    command.add_argument(
        "--due",
        type=Path,
        metavar="FILE",
        help="when lessons are due (default: due.csv in --out, if there is one)",
    )
    command.add_argument(
        "--file-times",
        action="store_true",
        help="a file was handed in when it was last changed: look at some before you trust that",
    )
    command.add_argument(
        "--think",
        action="store_true",
        help="write the page on which answers in words are marked",
    )
    command.add_argument(
        "--export",
        nargs=2,
        action="append",
        default=[],
        metavar=("moodle|canvas", "GRADEBOOK"),
        help="fill a copy of a gradebook that was exported there, and zip the feedback",
    )


def unpack(chosen: Namespace) -> int:
    """Run `course unpack` and return its exit code."""
    from course_tools.classroom.unpack import unpack

    return unpack(chosen.archives, chosen.into)


def grade(chosen: Namespace) -> int:
    """Run `course grade` and return its exit code."""
    from course_tools.grading.run import ClassSettings, grade

    if (chosen.backend == "dask") != bool(chosen.scheduler):
        print("--backend dask and --scheduler ADDRESS go together.", file=sys.stderr)
        return 2
    about = ClassSettings(
        chosen.roster,
        chosen.due,
        chosen.file_times,
        chosen.think,
        tuple((system, Path(path)) for system, path in chosen.export),
    )
    try:
        return grade(
            chosen.submissions,
            chosen.out,
            jobs=chosen.jobs,
            scheduler=chosen.scheduler,
            safe=not chosen.unsafe_no_sandbox,
            again=chosen.again,
            about=about,
        )
    except KeyboardInterrupt:
        print("Stopped. What was marked is kept: the same command resumes.", file=sys.stderr)
        return 130

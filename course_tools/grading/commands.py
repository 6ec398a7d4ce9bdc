"""`course grade` and `course try`."""

import sys
from argparse import Namespace
from pathlib import Path

from course_tools.grading import trial


def add_to(commands) -> None:
    """Declare the commands of this folder."""
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
        "--unsafe-no-sandbox",
        action="store_true",
        help="run their code with your rights; read it first",
    )
    command.set_defaults(run=grade)
    trial.add_to(commands)


def grade(chosen: Namespace) -> int:
    """Run `course grade` and return its exit code."""
    from course_tools.grading.run import grade

    if (chosen.backend == "dask") != bool(chosen.scheduler):
        print("--backend dask and --scheduler ADDRESS go together.", file=sys.stderr)
        return 2
    safe = not chosen.unsafe_no_sandbox
    try:
        return grade(
            chosen.submissions, chosen.out, jobs=chosen.jobs, scheduler=chosen.scheduler, safe=safe
        )
    except KeyboardInterrupt:
        print("Stopped. What was marked is kept: the same command resumes.", file=sys.stderr)
        return 130

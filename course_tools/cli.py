"""The command `course`: what it takes, and what it says when something goes wrong."""

import argparse
import errno
import os
import sys
from pathlib import Path

from course_tools.grading import commands as grading
from course_tools.models import commands as models
from course_tools.publish import commands as publish
from course_tools.student import commands as student

FOLDERS = ("COURSE_DATA", "COURSE_CACHE", "COURSE_PRETRAINED")  # settings that may name one


def main(arguments: list[str] | None = None) -> int:
    """Run one command. arguments: default those of the process. Returns the exit code."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="replace")  # a Windows pipe has no x̂
    for name in FOLDERS:  # relative to where the command was called, not to a kernel's folder
        if os.environ.get(name, "") not in ("", "0", "1"):
            os.environ[name] = str(Path(os.environ[name]).expanduser().resolve())
    parser = build_parser()
    chosen, rest = parser.parse_known_args(arguments)
    if rest and not chosen.passes_on:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    chosen.rest = rest
    from course_utils.errors import CourseError

    try:
        return chosen.run(chosen) or 0
    except CourseError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        if (reason := _reason(error)) is None:
            raise
        print(f"{error.filename or 'The disk'}: {reason}", file=sys.stderr)
        return 1


def build_parser() -> argparse.ArgumentParser:
    """Every command stands once, beside the function that it calls, in the `commands` of its
    folder.
    """
    parser = argparse.ArgumentParser(prog="course", description="The commands of the course.")
    parser.set_defaults(passes_on=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for part in (student, publish, models, grading):
        part.add_to(commands)
    return parser


def _reason(error: OSError) -> str | None:
    """Why something could not be written, and what to do; None for what is no matter of files."""
    reasons = dict.fromkeys(
        (errno.EACCES, errno.EPERM, errno.EROFS), "nothing may be written there, or read"
    )
    reasons |= {
        errno.ENOSPC: "there is no space left",
        errno.EISDIR: "it is a folder, where a file is meant",
    }
    reasons |= dict.fromkeys(
        (errno.EEXIST, errno.ENOTDIR), "it is, or lies below, a file, where a folder is meant"
    )
    way = (
        "Work in a copy of the course that is yours, or name another place where the command has an"
        " --out."
    )
    return f"{reasons[error.errno]}. {way}" if error.errno in reasons else None

"""The command `course`: its subcommands, and what it prints where something goes wrong."""

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
    """Run one command and return its exit code.

    Args:
        arguments: default: those of the process.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            # Else a pipe on Windows cannot encode x̂, and the command ends with an error.
            stream.reconfigure(encoding="utf-8", errors="replace")
    # A relative path means the folder where the command was called; kernels run elsewhere.
    for name in FOLDERS:
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
    """Return the parser of all commands.

    Each command is declared once, in the `commands` of its folder, beside the function that it
    calls.
    """
    parser = argparse.ArgumentParser(prog="course", description="The commands of the course.")
    parser.set_defaults(passes_on=False)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for part in (student, publish, models, grading):
        part.add_to(commands)
    return parser


def _reason(error: OSError) -> str | None:
    """Return why a file could not be written, and what to do; None for any other error."""
    reasons = dict.fromkeys(
        (errno.EACCES, errno.EPERM, errno.EROFS), "nothing may be written or read there"
    )
    reasons |= {
        errno.ENOSPC: "there is no space left",
        errno.EISDIR: "it is a folder, but a file is needed",
    }
    reasons |= dict.fromkeys(
        (errno.EEXIST, errno.ENOTDIR), "it is a file or lies below one, but a folder is needed"
    )
    if error.errno == errno.ENAMETOOLONG:
        return "its name is too long for a file here. Give it a shorter one."
    way = (
        "Work in a copy of the course that belongs to you, or, where the command has the option"
        " --out, name another place."
    )
    return f"{reasons[error.errno]}. {way}" if error.errno in reasons else None

"""Collect what students handed in: the notebooks of a folder, by student.

Links are never followed.
"""

import errno
import os
import re
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from course_tools.grading import extract
from course_tools.grading.mark import REVIEW, Mark, printable
from course_utils.errors import CourseError

MOST = 20  # notebooks of one student that are read
DEEP, ENTRIES = 8, 10_000  # levels and entries of a student's folder that are searched


class GradingError(CourseError):
    """The reason why nothing was graded, and what to do."""


@dataclass(frozen=True)
class Paper:
    """A notebook that a student handed in.

    Attributes:
        student: name of the student.
        name: of the file, as it is shown.
        path: of the file.
    """

    student: str
    name: str
    path: Path


def collect(folder: Path) -> tuple[list[Paper], list[Mark], list[str]]:
    """Return the notebooks of a folder by student.

    Links are never followed.

    Args:
        folder: has a folder per student, or notebooks named by student.

    Returns:
        The notebooks, marks for what cannot be graded, and the names of files that are no
        notebooks.

    Raises:
        GradingError: where the folder cannot be read.
    """
    papers: list[Paper] = []
    passed_over: list[str] = []
    problems: list[Mark] = []
    owners: dict[str, str] = {}  # names that look the same may be two students
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise GradingError(f"{folder} cannot be read: {error.strerror}.") from error
    for entry in entries:
        if entry.name.startswith(".") or entry.name == "__MACOSX":  # what a Mac adds to a zip file
            continue
        if entry.is_dir(follow_symlinks=False):
            student, found = _in_folder(entry)
            if not found:
                why = "there is no notebook in the folder, or none that can be read."
                problems.append(_undecided(student, "", why))
        elif entry.name.lower().endswith(".ipynb"):
            student = re.sub(r"^(?:\d\d[_-])+(?=.)", "", shown(entry.name[: -len(".ipynb")]))
            found = [Paper(student, shown(entry.name), Path(entry.path))]
        else:
            passed_over.append(shown(entry.name))
            continue
        papers += found
        if owners.setdefault(_same(student), student) != student:
            why = f"the name looks the same as {owners[_same(student)]}: rename one of them."
            problems.append(_undecided(student, "", why))
    kept, too_many = _limited(papers)
    kept = [paper for paper in kept if owners[_same(paper.student)] == paper.student]
    return kept, problems + too_many, passed_over


def _in_folder(folder: os.DirEntry) -> tuple[str, list[Paper]]:
    """Return a student's name and notebooks, from the folder of that name."""
    student = shown(folder.name)
    paths = _notebooks(Path(folder.path))
    return student, [Paper(student, shown(str(p.relative_to(folder.path))), p) for p in paths]


def _limited(papers: list[Paper]) -> tuple[list[Paper], list[Mark]]:
    """Return at most MOST notebooks of every student, and a mark for those who have more."""
    kept: list[Paper] = []
    count = Counter[str]()
    for paper in papers:
        count[paper.student] += 1
        if count[paper.student] <= MOST:
            kept.append(paper)
    return kept, [
        _undecided(name, "", f"{n} notebooks; the first {MOST} were read.")
        for name, n in count.items()
        if n > MOST
    ]


def shown(name: str) -> str:
    """Return a file's name as printable text; no two names give the same text."""
    return printable(os.fsencode(name.replace("\\", r"\x5c")).decode("utf-8", "backslashreplace"))


def _same(student: str) -> str:
    """Return a key that is equal for names which some file systems, or most readers, confuse."""
    text = unicodedata.normalize("NFKC", student).casefold()
    # Spaces of any kind and number, and marks without a shape of their own, cannot be seen.
    shown = (" " if letter.isspace() else letter for letter in text if not _is_hidden(letter))
    return " ".join("".join(shown).split())


def _is_hidden(letter: str) -> bool:
    return unicodedata.category(letter) == "Cf" or "\ufe00" <= letter <= "\ufe0f"


def _undecided(student: str, file: str, reason: str) -> Mark:
    return Mark(student, file, "", "", REVIEW, None, 0, reason)


def content(path: Path) -> bytes:
    """Return the bytes of a plain file that is not too large.

    Args:
        path: the file.

    Raises:
        UnreadableError: for links, devices, pipes and anything else.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            about = os.fstat(handle)
            if not stat.S_ISREG(about.st_mode):
                raise extract.UnreadableError(f"{shown(path.name)} is not a plain file.")
            if about.st_size > extract.LARGEST:
                raise extract.UnreadableError(extract.too_large(shown(path.name), about.st_size))
            return file.read(extract.LARGEST)
    except OSError as error:
        link = error.errno == errno.ELOOP
        reason = (
            "is a link, and links are not followed" if link else f"cannot be read: {error.strerror}"
        )
        raise extract.UnreadableError(f"{shown(path.name)} {reason}.") from error


def _notebooks(folder: Path) -> Iterator[Path]:
    """Yield the notebooks in a student's folder: DEEP levels down, among ENTRIES entries."""
    left, level = ENTRIES, [folder]
    for _ in range(DEEP):
        below: list[Path] = []
        for inside in level:
            try:
                with os.scandir(inside) as entries:
                    found = sorted(islice(entries, left), key=lambda entry: entry.name)
            except OSError:
                continue
            left -= len(found)
            for entry in found:
                if entry.name.startswith("."):  # .ipynb_checkpoints among them
                    continue
                if entry.is_dir(follow_symlinks=False):
                    below.append(Path(entry.path))
                elif entry.name.lower().endswith(".ipynb"):
                    yield Path(entry.path)
        level = below

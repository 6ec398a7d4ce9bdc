"""Collect what students handed in: the notebooks of a folder, by student.

Links are never followed.
"""

import errno
import os
import stat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path

from course_tools.classroom import names
from course_tools.classroom.names import Origin, shown
from course_tools.classroom.roster import Roster
from course_tools.grading import extract
from course_tools.grading.mark import REVIEW, Mark
from course_utils.errors import CourseError

MOST = 20  # notebooks of one student that are read
OPEN_FLAGS = os.O_RDONLY
for _flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"):  # Windows has only the last one
    OPEN_FLAGS |= getattr(os, _flag, 0)
DEEP, ENTRIES = 8, 10_000  # levels and entries of a student's folder that are searched
UNKNOWN = (
    "this name is not on the roster, or fits several people there: write it into the column “also”"
    " of the right one."
)


class GradingError(CourseError):
    """The reason why nothing was graded, and what to do."""


@dataclass(frozen=True)
class Paper:
    """A notebook that a student handed in.

    Attributes:
        student: name of the student.
        name: of the file, as it is shown.
        path: of the file.
        origin: whose it is, as its folder or file says.
        time: of the file's last change.
        digest: of its content; "" until it was read.
    """

    student: str
    name: str
    path: Path
    origin: Origin
    time: datetime
    digest: str = ""


def collect(
    folder: Path, roster: Roster | None = None
) -> tuple[list[Paper], list[Mark], list[str]]:
    """Return the notebooks of a folder by student.

    Links are never followed.

    Args:
        folder: has a folder per student, or notebooks named by student, or what Moodle or Canvas
            gave, unpacked.
        roster: the class.

    Returns:
        The notebooks, marks for what cannot be graded, and the names of files that are no
        notebooks.

    Raises:
        GradingError: where the folder cannot be read.
    """
    papers: list[Paper] = []
    passed_over: list[str] = []
    problems: dict[tuple[str, str], Mark] = {}
    owners: dict[str, str] = {}  # names that look the same may be two students
    for entry in _entries(folder):
        is_folder = entry.is_dir(follow_symlinks=False)
        if not is_folder and not entry.name.lower().endswith(".ipynb"):
            passed_over.append(shown(entry.name))
            continue
        origin = names.origin(entry.name, folder=is_folder)
        known = roster.find(origin) if roster else None
        student, why = known.name if known else origin.student, ""
        found = list(_papers(entry, origin, student, is_folder))
        owner = owners.setdefault(names.same(origin.student), origin.student)
        if owner != origin.student:
            student, found = origin.student, []
            why = f"the name looks the same as {owner}: rename one of them."
        elif not found:
            why = "there is no notebook in the folder, or none that can be read."
        elif roster and not known:
            why = UNKNOWN
        if why:
            problems.setdefault((student, why), _undecided(student, "", why))
        papers += found
    kept, too_many = _limited(papers)
    return kept, [*problems.values(), *too_many], passed_over


def _entries(folder: Path) -> list[os.DirEntry]:
    """Return what is in the folder of all submissions, but for hidden files."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise GradingError(f"{folder} cannot be read: {error.strerror}.") from error
    # A Mac adds the second to a zip file.
    return [each for each in entries if not each.name.startswith(".") and each.name != "__MACOSX"]


def _papers(entry: os.DirEntry, origin: Origin, student: str, is_folder: bool) -> Iterator[Paper]:
    """Yield the notebooks of one entry: a folder or a file."""
    for path in _notebooks(Path(entry.path)) if is_folder else [Path(entry.path)]:
        name = shown(str(path.relative_to(entry.path)) if is_folder else entry.name)
        try:
            time = datetime.fromtimestamp(path.lstat().st_mtime)
        except (OSError, ValueError, OverflowError):
            time = datetime.fromtimestamp(0)
        # Two folders of one student may hold files of one name.
        place = origin.id if origin.system else origin.name
        name = f"{place}/{name}" if is_folder and place != student else name
        yield Paper(student, name, path, origin, time)


def same_lesson_twice(papers: list[Paper], marks: list[Mark]) -> list[Mark]:
    """Return a mark for each lesson that was handed in under several numbers of one Moodle name.

    Args:
        papers: all notebooks.
        marks: of these notebooks.
    """
    return [
        _undecided(
            student,
            "",
            f"lesson {lesson} was handed in under {len(ids)} numbers of Moodle:"
            f" {', '.join(sorted(ids))}. If these are two people of one name, rename the folders of"
            " one of them.",
        )
        for (student, lesson), ids in several_numbers(papers, marks).items()
    ]


def several_numbers(papers: list[Paper], marks: list[Mark]) -> dict[tuple[str, str], set[str]]:
    """Return the numbers under which a student handed in a lesson in Moodle, if there are several.

    Moodle gives a submission one number, so these are two people of one name, or two copies of a
    course.

    Args:
        papers: all notebooks.
        marks: of these notebooks.

    Returns:
        The numbers, by student and lesson.
    """
    lessons = {(mark.student, mark.file): mark.lesson for mark in marks if mark.lesson}
    found: dict[tuple[str, str], set[str]] = {}
    for paper in papers:
        lesson = lessons.get((paper.student, paper.name))
        if lesson and paper.origin.system == "moodle":
            found.setdefault((paper.student, lesson), set()).add(paper.origin.id)
    return {key: ids for key, ids in found.items() if len(ids) > 1}


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
        if not hasattr(os, "O_NOFOLLOW") and path.is_symlink():
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
        handle = os.open(path, OPEN_FLAGS)
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

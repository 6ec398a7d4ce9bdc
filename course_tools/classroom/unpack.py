"""`course unpack`: the notebooks in what Moodle or Canvas gave to download, in one folder.

A download is an archive that students can put files into: every path in it is checked before
anything is written, and of one student's notebooks at most MOST + 1 are taken. Times of files stay,
as far as the archive has them.
"""

import hashlib
import os
import re
import stat
import time
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from course_tools.classroom import names
from course_tools.grading.collect import DEEP, MOST
from course_tools.grading.extract import LARGEST
from course_utils import atomic
from course_utils.errors import CourseError

ENTRIES = 200_000  # in an archive, of all students
LONGEST = 255  # bytes of a name, for most file systems
TOTAL = 20_000_000_000  # bytes of all notebooks of an archive
# A folder of Moodle's that holds no files, but a text that was typed there.
TYPED = re.compile(r".+_\d+_assignsubmission_(?!file)\w+", re.DOTALL)
NOTHING = "Nothing was unpacked."


class ArchiveError(CourseError):
    """An archive that is damaged, or that would write where it should not."""


@dataclass(frozen=True)
class Member:
    """A notebook in an archive, or a folder.

    Attributes:
        path: where it goes, below the folder of submissions.
        info: of the archive; None for a folder.
    """

    path: PurePosixPath
    info: zipfile.ZipInfo | None


def unpack(archives: list[Path], folder: Path) -> int:
    """Unpack the notebooks of all archives into one folder, and return the exit code.

    Args:
        archives: zip files, one for each assignment.
        folder: is created where it is missing; files of the same name are replaced.

    Raises:
        ArchiveError: where an archive cannot be used; nothing was written then. A file in it that
            is damaged is found when its turn comes: what was written before it stays.
    """
    members = [(archive, *_members(archive)) for archive in archives]
    for archive, inside, skipped, too_many in members:
        with zipfile.ZipFile(archive) as opened:
            for member in inside:
                target = folder / member.path
                if member.info is None:
                    target.mkdir(parents=True, exist_ok=True)
                    continue
                atomic.write(target, _content(opened, archive, member.info))
                when = time.mktime((*member.info.date_time, 0, 0, -1))
                os.utime(target, (when, when))
        n = sum(member.info is not None for member in inside)
        others = f"; {skipped} other files stay in it" if skipped else ""
        print(f"{archive}: {n} notebook{'s' * (n != 1)}{others}.")
        for name, many in too_many.items():
            print(f"  {name}: {many} notebooks, of which the first {MOST + 1} were taken")
    print(f"Now grade them: course grade {folder}")
    return 0


def _members(archive: Path) -> tuple[list[Member], int, dict[str, int]]:
    """Return what is to be unpacked, how many files are not, and who has too many notebooks."""
    try:
        with zipfile.ZipFile(archive) as opened:
            infos = opened.infolist()
    except (OSError, zipfile.BadZipFile, ValueError) as error:
        raise ArchiveError(
            f"{archive}: expected a zip file as Moodle or Canvas gives it, got {error}. {NOTHING}"
        ) from error
    if len(infos) > ENTRIES:
        raise ArchiveError(
            f"{archive}: expected at most {ENTRIES} files, got {len(infos)}. {NOTHING}"
        )
    found: list[Member] = []
    skipped = 0
    count = Counter[str]()  # notebooks of each folder, or of each student where there are none
    for info in infos:
        path = _checked(archive, info)
        in_folder = info.is_dir() or len(path.parts) > 1
        hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
        hidden = hidden or (in_folder and bool(TYPED.fullmatch(path.parts[0])))
        if in_folder and not hidden:
            # A student's folder shows that something was handed in, though no notebook.
            found.append(Member(PurePosixPath(_fitting(path.parts[0])), None))
        if info.is_dir():
            continue
        # Nobody looks for a notebook that lies deeper.
        wanted = path.suffix.lower() == ".ipynb" and len(path.parts) <= DEEP + 1 and not hidden
        owner = path.parts[0] if in_folder else names.origin(path.name, folder=False).student
        count[owner] += wanted
        if wanted and count[owner] <= MOST + 1:  # with one too many, the grader says so
            found.append(Member(PurePosixPath(*map(_fitting, path.parts)), info))
        else:
            skipped += 1
    total = sum(_size(member.info) for member in found if member.info)
    if total > TOTAL:
        raise ArchiveError(
            f"{archive}: expected at most {TOTAL / 1e9:.0f} GB of notebooks, got"
            f" {total / 1e9:.0f} GB. {NOTHING}"
        )
    return found, skipped, {names.shown(x): n for x, n in count.items() if n > MOST + 1}


def _fitting(name: str) -> str:
    """Return the name of a file or folder, shortened where a file system would not take it.

    Its end stays, for there Moodle says what a folder is, and a suffix what a file is.
    """
    whole = os.fsencode(name)
    if len(whole) <= LONGEST:
        return name
    middle = f"~{hashlib.sha256(whole).hexdigest()[:8]}~"
    end = whole[-60:].decode(errors="ignore")
    start = whole[: LONGEST - len(middle) - 60].decode(errors="ignore")
    return f"{start}{middle}{end}"


def _size(info: zipfile.ZipInfo) -> int:
    """Return how many bytes are read: of what is too large one more, so that a grader says so."""
    return min(info.file_size, LARGEST + 1)


def _checked(archive: Path, info: zipfile.ZipInfo) -> PurePosixPath:
    """Return the path of a member, if it stays inside the folder and is a plain file or folder."""
    # What stands in the archive itself: Python cleans `filename`, and would hide an attempt.
    name = info.orig_filename
    path = PurePosixPath(name)
    odd = (
        path.is_absolute()
        or ".." in path.parts
        or not path.parts
        or "\\" in name
        or "\0" in name
        or (len(name) > 1 and name[1] == ":")
    )
    if odd:
        raise ArchiveError(
            f"{archive}: expected names of files inside it, got {name[:100]!r}. {NOTHING}"
        )
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ArchiveError(
            f"{archive}: expected files and folders, got a link or device: {name!r}. {NOTHING}"
        )
    if info.flag_bits & 1:
        raise ArchiveError(f"{archive}: {name!r} is encrypted. {NOTHING}")
    return path


def _content(opened: zipfile.ZipFile, archive: Path, info: zipfile.ZipInfo) -> bytes:
    try:
        with opened.open(info) as file:
            return file.read(_size(info))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError) as error:
        raise ArchiveError(
            f"{archive}: {info.filename!r} is damaged ({error}). What was unpacked before it"
            " stays; download the archive again."
        ) from error

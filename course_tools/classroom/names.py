"""Names of students, and whose name stands on what was handed in.

Learning platforms put their own names around those of files. Only what the platform wrote there
says whose file it is: what follows is the student's.
"""

import os
import re
import unicodedata
from dataclasses import dataclass

from course_tools.grading.mark import printable

# What a folder is called, Moodle says; of a file's name the end is the student's.
MOODLE_FOLDER = re.compile(r"(?P<name>.+)_(?P<id>\d+)_assignsubmission_file_?", re.DOTALL)
MOODLE_FILE = re.compile(r"(?P<name>.+?)_(?P<id>\d+)_assignsubmission_file_.+", re.DOTALL)
CANVAS = re.compile(
    r"(?P<name>[^_]+)_(?P<late>LATE_)?(?P<id>\d+)_(?P<file>\d+)_(?P<rest>.+)", re.DOTALL
)


@dataclass(frozen=True)
class Origin:
    """Where something that was handed in came from.

    Attributes:
        name: of the student, as the folder, the file or the platform says.
        entry: the name of the folder or file, as it was downloaded.
        system: "moodle", "canvas", or "" for folders and files that people named.
        id: the platform's number: Moodle's of the submission, Canvas's of the person.
        late: whether Canvas says that it came late.
    """

    name: str
    entry: str
    system: str = ""
    id: str = ""
    late: bool = False

    @property
    def student(self) -> str:
        """The name of the student where there is no roster: one for each person and system."""
        return f"{self.name} ({self.id})" if self.system == "canvas" else self.name


def origin(entry: str, *, folder: bool) -> Origin:
    """Return whose a downloaded folder or notebook is, from its name alone.

    Args:
        entry: its name.
        folder: whether it is a folder.
    """
    if found := (MOODLE_FOLDER if folder else MOODLE_FILE).fullmatch(entry):
        return Origin(shown(found["name"]), entry, "moodle", found["id"])
    if not folder and (found := CANVAS.fullmatch(entry)):
        return Origin(shown(found["name"]), entry, "canvas", found["id"], bool(found["late"]))
    if folder:
        return Origin(shown(entry), entry)
    return Origin(re.sub(r"^(?:\d\d[_-])+(?=.)", "", shown(entry.rpartition(".")[0])), entry)


def shown(name: str) -> str:
    """Return a file's name as printable text; no two names give the same text."""
    return printable(os.fsencode(name.replace("\\", r"\x5c")).decode("utf-8", "backslashreplace"))


def composed(student: str) -> str:
    """Return a name in a normal form: ü may be one character, or a u with two dots behind it."""
    return unicodedata.normalize("NFC", student)


def same(student: str) -> str:
    """Return a key that is equal for names which some file systems, or most readers, confuse."""
    text = unicodedata.normalize("NFKC", student).casefold()
    # Spaces of any kind and number, and marks without a shape of their own, cannot be seen.
    seen = (" " if letter.isspace() else letter for letter in text if not _is_hidden(letter))
    return " ".join("".join(seen).split())


def _is_hidden(letter: str) -> bool:
    return unicodedata.category(letter) == "Cf" or "\ufe00" <= letter <= "\ufe0f"


def run_together(student: str) -> set[str]:
    """Return a name as Canvas writes it, last name first and without spaces, for every last name.

    Canvas does not say where a last name begins: Ada King Lovelace is lovelaceadaking or
    kinglovelaceada.
    """
    words = [re.sub(r"[^\w]|_", "", word) for word in same(student).split()]
    return {"".join(words[n:] + words[:n]) for n in range(max(1, len(words)))}

"""`roster.csv`: who is in the class, and the names under which they hand in."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from course_tools.classroom import tables
from course_tools.classroom.names import Origin, run_together, same
from course_tools.classroom.tables import KEPT, Row, TableError

# A list of students may also be a gradebook or a list of participants, as a platform exported it.
NAME = ("name", "full name", "student")
FIRST, LAST = ("first name",), ("last name", "surname")
ID = ("id", "id number", "sis user id", "student id")
EMAIL = ("email", "email address", "e-mail", "sis login id")
CANVAS = "canvas"  # the number of a person there; in Canvas's own files it is the column ID
ALSO = "also"  # other names, separated by ;
NO_PEOPLE = ("points possible", "student, test")  # in the column Student of Canvas's gradebook


@dataclass(frozen=True)
class Student:
    """A person in the class.

    Attributes:
        name: unique in the class.
        id: of the school; "" if it is not known.
        email: "" if it is not known.
        canvas: the number of the person in Canvas; "" if it is not known.
        also: other names that the person uses.
    """

    name: str
    id: str = ""
    email: str = ""
    canvas: str = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True)
class Roster:
    """The students of a class.

    Attributes:
        students: in the order of the file.
    """

    students: tuple[Student, ...] = field(default_factory=tuple)

    @cached_property
    def _by_name(self) -> dict[str, Student]:
        return {same(name): each for each in self.students for name in (each.name, *each.also)}

    @cached_property
    def _by_canvas(self) -> dict[str, Student]:
        return {each.canvas: each for each in self.students if each.canvas}

    @cached_property
    def _run_together(self) -> dict[str, list[Student]]:
        found: dict[str, list[Student]] = {}
        for each in self.students:
            for text in set().union(*map(run_together, (each.name, *each.also))):
                found.setdefault(text, []).append(each)
        return found

    def named(self, name: str) -> Student | None:
        """Return the student of a name."""
        return self._by_name.get(same(name))

    def find(self, origin: Origin) -> Student | None:
        """Return the student who handed something in; None where that is not certain."""
        if origin.system != "canvas":
            return self.named(origin.name)
        if origin.id in self._by_canvas:
            return self._by_canvas[origin.id]
        # A student whose number is another one is somebody else, whatever the name.
        known = [s for s in self._run_together.get(same(origin.name), []) if not s.canvas]
        return known[0] if len(known) == 1 else None


def read(path: Path) -> Roster:
    """Return the students in a file: a list of one's own, or what Moodle or Canvas exported.

    Args:
        path: a CSV file with a column of names.

    Raises:
        TableError: where it has no names, or a name, number or address stands there twice.
    """
    table = tables.read(path)
    lower = {name.casefold(): name for name in table.header}
    if not any(name in lower for name in (*NAME, *FIRST)):
        raise TableError(
            f"{path}, line 1: expected a column “name”, and if you like “id”, “email”, “canvas” and"
            f" “also”; got {', '.join(table.header)}. {KEPT}"
        )
    students, lines = [], []
    for row in table.rows:
        student = _student(row, lower)
        if not is_person(row[lower.get("student", "")]):
            continue
        if not student.name:
            raise TableError(f"{path}, line {row.line}: expected a name, got none. {KEPT}")
        students.append(student)
        lines.append(row.line)
    _no_doubles(path, students, lines)
    return Roster(tuple(students))


def is_person(student: str) -> bool:
    """Return whether a line of Canvas's gradebook is a person's, by its column Student."""
    return same(student) not in NO_PEOPLE


def _student(row: Row, lower: dict[str, str]) -> Student:
    def cell(names: tuple[str, ...]) -> str:
        return next((row[lower[name]] for name in names if name in lower and row[lower[name]]), "")

    in_canvas = "student" in lower  # there ID is Canvas's number, and names begin with the last one
    name = cell(NAME) or f"{cell(FIRST)} {cell(LAST)}".strip()
    if in_canvas and "," in name:
        last, _, first = name.partition(",")
        name = f"{first.strip()} {last.strip()}"
    name = "".join(letter for letter in name if letter.isprintable())
    also = tuple(part.strip() for part in cell((ALSO,)).split(";") if part.strip())
    id = cell(("sis user id",) if in_canvas else ID)
    return Student(name, id, cell(EMAIL), cell(("id",) if in_canvas else (CANVAS,)), also)


def _no_doubles(path: Path, students: list[Student], lines: list[int]) -> None:
    """Raise TableError where two lines could be the same person."""
    first: dict[tuple[str, str], int] = {}
    for student, line in zip(students, lines, strict=True):
        keys = {("name", same(name)): name for name in (student.name, *student.also)}
        keys |= {
            (what, text.casefold()): text
            for what, text in (
                ("id", student.id), ("email", student.email), ("canvas", student.canvas)
            )
            if text
        }  # fmt: skip
        for key, text in keys.items():
            if first.setdefault(key, line) != line:
                raise TableError(
                    f"{path}, line {line}: expected every {key[0]} once; got “{text}”, which"
                    f" stands in line {first[key]}, too, or looks the same. Add to a name what"
                    f" tells the two people apart. {KEPT}"
                )

"""Give grades back to Moodle or Canvas: fill the gradebook it exported, and zip the feedback.

Only cells that are there are filled: no column and no line is added, and the exported file itself
stays as it is.
"""

import io
import re
import zipfile
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from course_tools.classroom import report, tables, texts
from course_tools.classroom.grades import Grades
from course_tools.classroom.names import same
from course_tools.classroom.roster import Student, is_person
from course_tools.classroom.tables import KEPT, Row, Table, TableError
from course_tools.grading.collect import Paper
from course_tools.grading.extract import THINK
from course_utils import atomic
from course_utils.exercises import TASKS, points_of

SYSTEMS = ("moodle", "canvas")
# What tells a student: the columns of both platforms, the surest first.
CANVAS_ID, SCHOOL_ID = ("ID",), ("SIS User ID", "ID number")
EMAILS = ("SIS Login ID", "Email address")
NAMES = ("Student", "Full name", "First name")
LAST_NAMES = ("Last name", "Surname")
WORKSHEET = "Grade"  # Moodle's worksheet of one assignment has this column, and no other for points
NOT_POINTS = re.compile(r"\((?:percentage|letter)\)|\b(?:feedback|total)\b", re.IGNORECASE)


@dataclass
class Export:
    """A gradebook that is being filled.

    Attributes:
        system: "moodle" or "canvas".
        table: as it was exported.
        columns: the column of every lesson that has one.
        lines: of the filled gradebook.
        said: what a person should know about it.
    """

    system: str
    table: Table
    columns: dict[str, str]
    lines: list[list[str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, system: str, path: Path, folder: Path) -> "Export":
        """Return a gradebook as it was exported.

        Args:
            system: "moodle" or "canvas".
            path: of the file.
            folder: for the filled one, which has the same name.

        Raises:
            TableError: where it is none of this platform, or of another course.
        """
        if system not in SYSTEMS:
            raise TableError(f"--export: expected moodle or canvas, got {system}. {KEPT}")
        if path.resolve() == (folder / path.name).resolve():
            raise TableError(
                f"{path} would be overwritten: move what {system.capitalize()} exported to another"
                f" folder. {KEPT}"
            )
        table = tables.read(path)
        names = ("Student",) if system == "canvas" else NAMES[1:]
        if not any(name in table.header for name in names):
            raise TableError(
                f"{path}, line 1: expected the column “{'” or “'.join(names)}” of a gradebook from"
                f" {system.capitalize()}; got {', '.join(table.header)}. {KEPT}"
            )
        columns = _columns(table)
        if not columns:
            raise TableError(
                f"{path}, line 1: expected a column for a lesson, such as “Lesson 05”, or in the"
                f" file's name the lesson of a worksheet; got {', '.join(table.header)}. Is it the"
                f" gradebook of another course? {KEPT}"
            )
        return cls(system, table, columns)

    def fill(self, grades: Grades) -> None:
        """Write points into the lines of the students; what is not decided is left as it is.

        Args:
            grades: of the class.

        Raises:
            TableError: where none of its people is in the class.
        """
        places = {name: self.table.header.index(name) for name in self.columns.values()}
        people = [row for row in self.table.rows if _is_person(row)]
        fitting = {row.line: _student(row, grades.students) for row in people}
        # Two lines that fit one person are two people, of whom the class may have one.
        count = Counter(student.name for student in fitting.values() if student)
        found = {line: s for line, s in fitting.items() if s and count[s.name] == 1}
        if not found:
            first = people[0].line if people else 2
            raise TableError(
                f"{self.table.path}, line {first}: expected somebody of this class, got nobody of"
                f" it in {len(people)} lines. Is it the gradebook of another course? With a roster,"
                f" people are known by number and e-mail, too. {KEPT}"
            )
        self.lines = [list(line) for line in self.table.lines]
        for row in people:
            if row.line in found:
                self._fill_line(self.lines[row.place], found[row.line].name, grades, places)
        self._say(grades, people, found)

    def _fill_line(
        self, cells: list[str], name: str, grades: Grades, places: dict[str, int]
    ) -> None:
        for lesson, column in self.columns.items():
            points = grades.points(name, lesson)
            if grades.reviews(name, lesson):
                self.said.append(f"{name}, lesson {lesson}: left as it is, for it needs review")
            elif points is not None:
                cells += [""] * (places[column] + 1 - len(cells))
                cells[places[column]] = f"{points:g}"

    def _say(self, grades: Grades, people: list[Row], found: dict[int, Student]) -> None:
        """Note what does not fit: people, lessons and points that are on one side only."""
        strangers = [row for row in people if row.line not in found]
        for row in strangers:
            who = next((row[name] for name in NAMES if row[name]), "")
            self.said.append(
                f"line {row.line}, {who}: nobody of this class, or not certain who; left as it is"
            )
        there = {student.name for student in found.values()}
        absent = [student.name for student in grades.students if student.name not in there]
        if absent:
            more = f" and {len(absent) - 5} more" * (len(absent) > 5)
            self.said.append(
                f"{len(absent)} of the class are not in it: {', '.join(absent[:5])}{more}"
            )
        if self.system == "moodle":
            self.said += [
                f"{student}, lesson {lesson}: no feedback, for it has several numbers there"
                for student, lesson in sorted(grades.unclear)
            ]
        self.said += [
            f"lesson {lesson}: it has no column for it"
            for lesson in grades.lessons
            if lesson not in self.columns
        ]
        for lesson, column in self.columns.items():
            own = points_of(lesson)
            own += grades.due.think(lesson) * sum(
                TASKS[tag.removeprefix(THINK)].lesson == lesson for tag in grades.questions
            )
            for row in self.table.rows:
                most = row[column] if same(row["Student"]) == "points possible" else ""
                most = row["Maximum Grade"] if column == WORKSHEET and not most else most
                if re.fullmatch(r"\d+(?:\.\d+)?", most) and float(most) != own:
                    self.said.append(
                        f"lesson {lesson}: {float(most):g} points there, {own:g} here; they are"
                        " written as they are"
                    )
                    break

    def write(self, folder: Path, grades: Grades, *, safe: bool) -> None:
        """Write the filled gradebook and, for every lesson, an archive of feedback; print both.

        Args:
            folder: where to.
            grades: of the class.
            safe: whether the code ran in the sandbox; if not, every page says so.
        """
        path = folder / self.table.path.name
        atomic.write(path, tables.as_found(self.table, self.lines))
        print(f"{path}: lessons {', '.join(sorted(self.columns))} filled, for {self.system}.")
        for line in self.said[:20]:
            print(f"  {line}")
        if len(self.said) > 20:
            print(f"  and {len(self.said) - 20} lines more of this kind")
        for archive, n in _write_archives(folder, self.system, grades, safe):
            print(f"{archive}: feedback of {n} submissions, to upload there.")


def _columns(table: Table) -> dict[str, str]:
    """Return the column of every lesson.

    Raises:
        TableError: where two columns could be that of a lesson, or one column that of two.
    """
    found: dict[str, str] = {}
    if WORKSHEET in table.header and "Identifier" in table.header:
        found = {lesson: WORKSHEET for lesson in texts.lessons() if _names(table.path.stem, lesson)}
        _refuse_shared(table, found)
        return found
    for lesson in texts.lessons():
        fitting = [
            name for name in table.header if _names(name, lesson) and not NOT_POINTS.search(name)
        ]
        if len(fitting) > 1:
            raise TableError(
                f"{table.path}, line 1: expected one column for lesson {lesson}, got"
                f" {', '.join(fitting)}. Rename or delete the others in a copy. {KEPT}"
            )
        if fitting:
            found[lesson] = fitting[0]
    _refuse_shared(table, found)
    return found


def _refuse_shared(table: Table, columns: dict[str, str]) -> None:
    """Raise TableError where two lessons would be written into one column."""
    for column in columns.values():
        lessons = [lesson for lesson, other in columns.items() if other == column]
        if len(lessons) > 1:
            what = "this file's name" if column == WORKSHEET else f"the column “{column}”"
            raise TableError(
                f"{table.path}, line 1: expected one lesson for {what}, got"
                f" {' and '.join(lessons)}. Rename it in a copy, such as “Lesson {lessons[0]}”."
                f" {KEPT}"
            )


def _names(text: str, lesson: str) -> bool:
    """Return whether a column is that of a lesson: by the word lesson, its number, or its title."""
    number = rf"0*{int(lesson)}(?!\d)"
    title = re.escape(texts.lessons()[lesson])
    return bool(
        re.search(rf"\blesson\s*[-_]?\s*{number}", text, re.IGNORECASE)
        or re.match(rf"(?:assignment:\s*)?{lesson}(?!\d)", text, re.IGNORECASE)
        or re.search(rf"\b{title}(?=\s*(?:\(|$))", text, re.IGNORECASE)
    )


def _is_person(row: Row) -> bool:
    """Return whether a line of a gradebook is a person's: Canvas has other lines, too."""
    named = any(row[name] for name in (*NAMES, *LAST_NAMES, *EMAILS))
    return named and is_person(row["Student"])


def _student(row: Row, students: list[Student]) -> Student | None:
    """Return whose line a line of a gradebook is; None where that is not certain.

    Who has another number is somebody else, whatever the name.
    """
    for columns, of, is_number in (
        (CANVAS_ID, lambda s: s.canvas, True),
        (SCHOOL_ID, lambda s: s.id, True),
        (EMAILS, lambda s: s.email, False),
    ):
        text = next((row[name] for name in columns if row[name]), "").casefold()
        known = [s for s in students if text and of(s).casefold() == text]
        if known:
            return known[0] if len(known) == 1 else None
        if text and is_number:
            students = [s for s in students if not of(s)]
    name = next((row[name] for name in NAMES if row[name]), "")
    last = next((row[name] for name in LAST_NAMES if row[name]), "")
    if "," in name:
        last, _, name = (part.strip() for part in name.partition(","))
    names = {same(f"{name} {last}")}
    canvas_id = row["ID"]
    known = [
        s
        for s in students
        if names & {same(n) for n in (s.name, *s.also)}
        or (canvas_id and s.name.endswith(f" ({canvas_id})"))
    ]
    return known[0] if len(known) == 1 else None


def _write_archives(
    folder: Path, system: str, grades: Grades, safe: bool
) -> list[tuple[Path, int]]:
    """Write an archive of feedback for every lesson, and return each with its number of pages.

    The names in it are those of the platform, by which it knows whose page is whose.
    """
    lessons = {(m.student, m.file): m.lesson for m in grades.graded if m.lesson}
    by_lesson: dict[str, dict[str, Paper]] = defaultdict(dict)
    for paper in grades.papers:
        lesson = lessons.get((paper.student, paper.name))
        certain = system != "moodle" or (paper.student, lesson) not in grades.unclear
        if lesson and certain and paper.origin.system == system:
            by_lesson[lesson][paper.origin.entry] = paper
    written = []
    for lesson, papers in sorted(by_lesson.items()):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as zipped:
            for entry, paper in sorted(papers.items()):
                page = report.feedback(grades, paper.student, "" if safe else report.UNSAFE, lesson)
                name = _name_in_archive(entry, paper, lesson)
                zipped.writestr(name, page.encode("utf-8", "replace"))
        path = folder / f"feedback-{system}-{lesson}.zip"
        atomic.write(path, archive.getvalue())
        written.append((path, len(papers)))
    return written


def _name_in_archive(entry: str, paper: Paper, lesson: str) -> str:
    """Return the name of a page: in the folder, or like the file, that the platform gave.

    An entry is the name of one folder or file, so that it leads nowhere else.
    """
    page = f"feedback_{lesson}.html"
    if entry.lower().endswith(".ipynb"):
        return f"{entry[: -len('.ipynb')]}_{page}"
    return f"{entry}/{page}"

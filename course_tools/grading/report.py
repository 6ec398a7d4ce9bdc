"""What grading writes: two tables, a page of feedback per student, a summary on the terminal."""

import csv
import hashlib
import io
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import jinja2

from course_tools.grading.mark import REVIEW, Mark
from course_utils import atomic
from course_utils.errors import CourseError
from course_utils.exercises import TASKS

COLUMNS = ("student", "lesson", "task", "points", "of", "reason")
OVERRIDES = "overrides.csv"
HERE = Path(__file__).parent
TEMPLATES = (HERE / "templates", HERE.parent / "publish" / "templates")  # the pages' style is one
Overrides = dict[tuple[str, str, str], tuple[float, str]]


class OverridesError(CourseError):
    """A line of overrides.csv that cannot be used.

    The message says which line, what was expected, and what stands there.
    """


def overrides(out: Path) -> Overrides:
    """Return the points that a person gave, by student, lesson and task.

    They stand in overrides.csv, which is created empty where there is none, and never changed.

    Args:
        out: the folder of the file.

    Raises:
        OverridesError: where a line cannot be used.
    """
    path = out / OVERRIDES
    columns = (*COLUMNS[:4], "reason")
    if not path.exists():
        atomic.write(path, (",".join(columns) + "\n").encode())
    found: Overrides = {}
    for number, fields in enumerate(_lines(path, columns), 2):
        if any(fields):
            found.update([_override(f"{path}, row {number}", fields)])
    return found


def _lines(path: Path, columns: tuple[str, ...]) -> list[list[str]]:
    """Return the lines of overrides.csv below its first one."""
    try:
        text = path.read_text(encoding="utf-8-sig")
        lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except UnicodeDecodeError as error:
        raise OverridesError(
            f"{path} is not UTF-8: save it as “CSV UTF-8”. Nothing was graded."
        ) from error
    except (OSError, csv.Error) as error:
        raise OverridesError(
            f"{path} cannot be read as a table: {error}. Nothing was graded."
        ) from error
    if not lines or tuple(lines[0]) != columns:
        raise OverridesError(
            f"{path}: expected {','.join(columns)} as its first line. Nothing was graded."
        )
    return lines[1:]


def _override(where: str, fields: list[str]) -> tuple[tuple[str, str, str], tuple[float, str]]:
    """Return what one line says: student, lesson and task, then points and reason."""
    student, lesson, name, given, reason = [*fields, *[""] * 5][:5]
    task = TASKS.get(name)
    try:
        points = float(given)
    except ValueError:
        points = -1.0
    fits = len(fields) <= 5 and "\n" not in reason and student
    if not (task and lesson == task.lesson and fits and 0 <= points <= task.points):
        of = (
            f"; {task.name} is of lesson {task.lesson} and gives 0 to {task.points}" if task else ""
        )
        raise OverridesError(
            f"{where}: expected student, lesson such as 05, task, points such as"
            f" 1.5 and reason, in quotes if it has a comma{of}; got {', '.join(fields)}. Correct"
            " the line; nothing was graded."
        )
    plain = re.sub(r"(^|[;\t])'", r"\1", student)  # as in grades.csv
    student = plain if _cell(plain) == student else student
    return (_composed(student), task.lesson, task.name), (points, reason or "by hand")


def _composed(student: str) -> str:
    """Return a name in a normal form: ü may be one character, or a u with two dots behind it."""
    return unicodedata.normalize("NFC", student)


def _known_as(mark: Mark) -> tuple[str, str, str]:
    return _composed(mark.student), mark.lesson, mark.task


def best(marks: Iterable[Mark]) -> list[Mark]:
    """Return one mark per student, lesson and task, sorted.

    Of several files the one with the most points counts. A mark that needs review counts more than
    all but full points, and a wrong answer more than one that was not started.

    Args:
        marks: of all files.
    """
    kept: dict[tuple[str, str, str, str], Mark] = {}

    def worth(mark: Mark) -> tuple:
        return (
            mark.points == mark.of,
            mark.points is None,
            mark.points or 0,
            mark.status != "not started",
            mark.file,
        )

    for mark in sorted(marks, key=worth):
        kept[mark.student, mark.lesson, mark.task, "" if mark.task else mark.file] = mark
    return [
        kept[key]
        for key in sorted(
            kept,
            key=lambda key: (key[0], key[1], list(TASKS).index(key[2]) if key[2] else -1, key[3]),
        )
    ]


def write(out: Path, marks: list[Mark], given: Overrides, *, safe: bool) -> None:
    """Write grades.csv, summary.csv and feedback/, and print a summary.

    The feedback of a student shows nothing of other students.

    Args:
        out: the folder.
        marks: one per student, lesson and task.
        given: points that a person gave.
        safe: whether the code ran in the sandbox; if not, every file says so.
    """
    marks = [_overridden(mark, given) for mark in marks]
    warning = (
        "" if safe else "Graded with --unsafe-no-sandbox: this code ran with the grader's rights. "
    )
    marks = sorted(marks + _only_by_hand(marks, given), key=lambda mark: mark.student)
    unknown = set(given) - set(map(_known_as, marks))
    rows = [
        (
            m.student,
            m.lesson,
            m.task,
            "" if m.points is None else m.points,
            m.of,
            warning + _reason(m),
        )
        for m in marks
    ]
    atomic.write(out / "grades.csv", _csv(COLUMNS, rows))
    header, sums = _summary(marks)
    atomic.write(
        out / "summary.csv",
        _csv(
            (*header, *["warning"] * (not safe)), [(*row, *[warning] * (not safe)) for row in sums]
        ),
    )
    by_student: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks:
        by_student[mark.student].append(mark)
    _write_feedback(out / "feedback", by_student, warning)
    _print(out, marks, by_student, unknown, warning)


def _write_feedback(folder: Path, by_student: dict[str, list[Mark]], warning: str) -> None:
    """Write a page for every student, and delete pages of students who are not there any more."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True)
    template = environment.get_template("feedback.html.j2")
    pages = {
        file_name(student): template.render(
            student=student,
            marks=own,
            warning=warning,
            points=_points(own),
            of=sum(mark.of for mark in own),
        )
        for student, own in by_student.items()
    }
    for path in folder.glob("*.html"):
        if path.name not in pages:
            path.unlink()
    for name, page in pages.items():
        atomic.write(folder / name, page.encode("utf-8", "replace"))


def file_name(student: str) -> str:
    """Return the name of a student's page.

    A name too long for a file is shortened, and stays unique: no other one has a single ~ there.
    """
    name = student.replace("~", "~~")
    if len(name.encode()) > 200:
        digest = hashlib.sha256(student.encode()).hexdigest()[:12]
        name = f"{name.encode()[:100].decode(errors='ignore').rstrip('~')}~{digest}"
    return f"{name}.html"


def _overridden(mark: Mark, given: Overrides) -> Mark:
    if _known_as(mark) not in given:
        return mark
    points, reason = given[_known_as(mark)]
    points = int(points) if points.is_integer() else points
    return replace(
        mark,
        points=points,
        status="right" if points == mark.of else "wrong",
        reason=f"by hand: {reason}",
    )


def _only_by_hand(marks: list[Mark], given: Overrides) -> list[Mark]:
    """Return the points that a person gave for tasks without a mark, of students who are there."""
    students = {_composed(mark.student): mark.student for mark in marks}
    return [
        _overridden(
            Mark(students[student], "", lesson, task, REVIEW, None, TASKS[task].points, ""), given
        )
        for student, lesson, task in sorted(set(given) - set(map(_known_as, marks)))
        if student in students
    ]


def _reason(mark: Mark) -> str:
    return f"{REVIEW}: {mark.reason}" if mark.points is None else mark.reason


def _points(marks: Iterable[Mark]) -> float:
    return sum(mark.points or 0 for mark in marks)


def _summary(marks: list[Mark]) -> tuple[tuple[str, ...], list[tuple]]:
    """Return header and rows: points per lesson and in all, and how many marks need review."""
    lessons = sorted({mark.lesson for mark in marks if mark.lesson})
    rows = []
    for student in sorted({mark.student for mark in marks}):
        own = [mark for mark in marks if mark.student == student]
        of = sum(
            task.points for task in TASKS.values() if task.lesson in {mark.lesson for mark in own}
        )
        each = [_points(mark for mark in own if mark.lesson == lesson) for lesson in lessons]
        rows.append((student, *each, sum(each), of, sum(mark.points is None for mark in own)))
    return (
        "student",
        *(f"lesson {lesson}" for lesson in lessons),
        "points",
        "of",
        "needs review",
    ), rows


def _csv(header: tuple[str, ...], rows: list[tuple]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([[_cell(value) for value in row] for row in rows])
    return text.getvalue().encode("utf-8", "replace")


def _cell(value: object) -> object:
    """Return a cell of a table that no spreadsheet takes for a formula.

    Some spreadsheets also end a cell at ; or a tab, so that the next one begins within this one.
    """
    if not isinstance(value, str):
        return value
    return re.sub(r"(^|[;\t\r\n])(?=[=+\-@\t\r])", r"\1'", value)


def _print(
    out: Path, marks: list[Mark], by_student: dict[str, list[Mark]], unknown: set, warning: str
) -> None:
    students = len(by_student)
    print(f"{students} student{'s' * (students != 1)}. Points, of what they handed in:")
    for lesson in sorted({mark.lesson for mark in marks if mark.lesson}):
        own = [mark for mark in marks if mark.lesson == lesson]
        handed_in = len({mark.student for mark in own})
        of = sum(task.points for task in TASKS.values() if task.lesson == lesson)
        print(
            f"  lesson {lesson}  {_points(own) / handed_in:5.2f} of {of} on average, {handed_in}"
            " handed in"
        )
    for task in TASKS:
        own = [mark for mark in marks if mark.task == task]
        if own:
            print(f"    {task:<28} {_points(own) / sum(mark.of for mark in own):4.0%}")
    review = [mark for mark in marks if mark.points is None]
    for mark in review[:20]:
        print(f"  {REVIEW}: {mark.student} {mark.file} {mark.task}: {mark.reason}")
    if len(review) > 20:
        print(f"  and {len(review) - 20} more in grades.csv")
    for student, lesson, task in sorted(unknown):
        print(f"  {OVERRIDES}: nothing was handed in for {student}, lesson {lesson}, {task}")

    print(f"{warning}Written to {out}: grades.csv, summary.csv, feedback/.")
    print(f"What a person decides goes into {out / OVERRIDES}; then run the same command again.")

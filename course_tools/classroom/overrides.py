"""`overrides.csv` and `think.csv`: the points that a person gives. Nothing here changes them."""

import csv
import io
import math
from dataclasses import dataclass
from pathlib import Path

from course_tools.classroom.due import Due
from course_tools.classroom.names import composed
from course_tools.classroom.tables import plain
from course_tools.grading.extract import THINK
from course_utils import atomic
from course_utils.errors import CourseError
from course_utils.exercises import TASKS

OVERRIDES, MARKED = "overrides.csv", "think.csv"
COLUMNS = ("student", "lesson", "task", "points", "reason")
BONUS = "bonus"  # in the place of a task: points beside those of the tasks, of either sign
LARGEST_BONUS = 100.0
Key = tuple[str, str, str]  # student, lesson and task


class OverridesError(CourseError):
    """A line of overrides.csv that cannot be used.

    The message says which line, what was expected, and what stands there.
    """


@dataclass(frozen=True)
class Given:
    """What a person decided.

    Attributes:
        points: given.
        of: that there are; 0 for a bonus.
        reason: a sentence.
    """

    points: float
    of: float
    reason: str


def read(out: Path, due: Due) -> dict[Key, Given]:
    """Return the points that a person gave, by student, lesson and task.

    They stand in overrides.csv, which is created empty where there is none, and in think.csv, which
    the page for marking saves. What stands in overrides.csv counts more.

    Args:
        out: the folder of both files.
        due: says how many points an answer in words gives.

    Raises:
        OverridesError: where a line cannot be used.
    """
    path = out / OVERRIDES
    if not path.exists():
        atomic.write(path, (",".join(COLUMNS) + "\n").encode())
    marked = out / MARKED
    # The table of answers becomes think.csv with a column more, and lines that are not marked yet.
    before = _read(marked, due, partly=True) if marked.exists() else {}
    return before | _read(path, due)


def _read(path: Path, due: Due, *, partly: bool = False) -> dict[Key, Given]:
    found: dict[Key, Given] = {}
    rows: dict[Key, int] = {}
    for number, fields in enumerate(_lines(path, partly), 2):
        if any(fields) and not (partly and not "".join(fields[3:4]).strip()):
            where = f"{path}, row {number}"
            key, given = _override(where, fields[: 5 if partly else None], due)
            if key in rows:
                raise OverridesError(
                    f"{where}: expected one decision for {', '.join(key)}; got a second one, after"
                    f" row {rows[key]}. Keep one of them; nothing was graded."
                )
            rows[key], found[key] = number, given
    return found


def _lines(path: Path, partly: bool) -> list[list[str]]:
    """Return the lines of a file below its first one."""
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
    first = tuple(lines[0]) if lines else ()
    if (first[:5] if partly else first) != COLUMNS:
        raise OverridesError(
            f"{path}: expected {','.join(COLUMNS)} as its first line. Nothing was graded."
        )
    return lines[1:]


def _override(where: str, fields: list[str], due: Due) -> tuple[Key, Given]:
    """Return what one line says: student, lesson and task, then points and reason."""
    student, lesson, name, given, reason = [*fields, *[""] * 5][:5]
    lesson = lesson.strip().zfill(2) if lesson.strip() else ""
    lowest, highest, of = _range(lesson, name, due)
    try:
        points = float(given)
    except ValueError:
        points = math.nan
    fits = len(fields) <= 5 and student and ("\n" not in reason or name.startswith(THINK))
    if not (fits and lowest <= points <= highest):
        raise OverridesError(
            f"{where}: expected student, lesson such as 05, task, points such as 1.5 and reason, in"
            f" quotes if it has a comma{_limits(name, due)}; got {', '.join(fields)}. Correct the"
            " line; nothing was graded."
        )
    return (composed(plain(student)), lesson, name), Given(points, of, reason or "by hand")


def _range(lesson: str, name: str, due: Due) -> tuple[float, float, float]:
    """Return the least and the most points that may be given, and the points there are."""
    if name == BONUS and (not lesson or lesson in {task.lesson for task in TASKS.values()}):
        return -LARGEST_BONUS, LARGEST_BONUS, 0.0
    task = TASKS.get(name.removeprefix(THINK))
    if not task or task.lesson != lesson:
        return math.inf, -math.inf, 0.0
    of = due.think(lesson) if name.startswith(THINK) else float(task.points)
    return -of, of, of


def _limits(name: str, due: Due) -> str:
    """Return a clause on what is possible for a task."""
    task = TASKS.get(name.removeprefix(THINK))
    if not task:
        return ""
    of = due.think(task.lesson) if name.startswith(THINK) else task.points
    return f"; {name} is of lesson {task.lesson} and gives {-of:g} to {of:g}"

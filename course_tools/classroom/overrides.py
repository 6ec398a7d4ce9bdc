"""`overrides.csv` and `think.csv`: the points that a person gives. Nothing here changes them."""

import math
import re
from dataclasses import dataclass
from pathlib import Path

from course_tools.classroom import tables
from course_tools.classroom.due import Due
from course_tools.classroom.names import composed
from course_tools.classroom.tables import Row, Table, TableError, plain
from course_tools.grading.extract import THINK
from course_utils import atomic
from course_utils.errors import CourseError
from course_utils.exercises import TASKS

OVERRIDES, MARKED = "overrides.csv", "think.csv"
COLUMNS = ("student", "lesson", "task", "points", "reason")
ANSWER = "answer"  # a column of think.csv: the words to which the points were given, as a cell
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
        answer: in words, to which the points were given; "" if nobody noted it.
    """

    points: float
    of: float
    reason: str
    answer: str = ""

    def is_for(self, source: str) -> bool:
        """Return whether it was decided on this answer.

        Case and spaces may differ, and the apostrophes that keep a table free of formulas.
        """
        one, other = (words(re.sub("['\0]", "", text)) for text in (self.answer, source))
        return not self.answer or one == other


def words(text: str) -> str:
    """Return a text such that texts which differ only in case and spaces are equal."""
    return " ".join(text.casefold().split())


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
    for row in _table(path, partly).rows:
        number = row.place + 1  # as a spreadsheet counts
        if row["points"] or not partly:
            where = f"{path}, row {number}"
            key, given = _override(where, row, due)
            if key in rows:
                raise OverridesError(
                    f"{where}: expected one decision for {', '.join(key)}; got a second one, after"
                    f" row {rows[key]}. Keep one of them; nothing was graded."
                )
            rows[key], found[key] = number, given
    return found


def _table(path: Path, partly: bool) -> Table:
    """Return what is in a file; of think.csv only the first columns are prescribed."""
    try:
        table = tables.read(path, strict=False)
    except TableError as error:
        raise OverridesError(str(error)) from error
    if (table.header[: len(COLUMNS)] if partly else table.header) != COLUMNS:
        raise OverridesError(
            f"{path}: expected {','.join(COLUMNS)} as its first line. Nothing was graded."
        )
    return table


def _override(where: str, row: Row, due: Due) -> tuple[Key, Given]:
    """Return what one line says: student, lesson and task, then points and reason."""
    student, name, reason = plain(row["student"]), row["task"], plain(row["reason"])
    lesson = row["lesson"].zfill(2) if row["lesson"] else ""
    lowest, highest, of = _range(lesson, name, due)
    points = tables.number(row["points"])
    fits = not row[""] and student and ("\n" not in reason or name.startswith(THINK))
    if not (fits and lowest <= points <= highest):
        raise OverridesError(
            f"{where}: expected student, lesson such as 05, task, points such as 1.5 and reason, in"
            f" quotes if it has a comma{_limits(name, due)}; got"
            f" {', '.join(filter(None, row.cells.values()))}. Correct the line; nothing was graded."
        )
    key = composed(student), lesson, name
    return key, Given(points, of, reason or "by hand", row[ANSWER])


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

"""`due.csv`: when lessons are due, what lateness costs, and who has more time."""

import math
import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from course_tools.classroom import tables
from course_tools.classroom.names import same
from course_tools.classroom.roster import Roster
from course_tools.classroom.tables import KEPT, Row, TableError
from course_utils.exercises import TASKS

NEEDED = ("lesson", "due")
OPTIONAL = ("late", "student", "think")
POLICY = re.compile(r"(\d+(?:\.\d+)?) ?% a day(?: for (\d+) days?)?")
POLICIES = "“accept”, “refuse”, “10% a day” or “10% a day for 3 days”"
THINK_POINTS = 1.0  # for an answer in words, unless due.csv says otherwise


@dataclass(frozen=True)
class Deadline:
    """When a lesson is due.

    Attributes:
        due: the last moment.
        daily: the share of the points that every day of lateness costs; 1 refuses what is late.
        days: of lateness, after which nothing is accepted.
        think: points for each answer in words.
        student: who has more time than the others, as due.csv says; "" if it is for everybody.
    """

    due: datetime
    daily: float = 0.0
    days: float = math.inf
    think: float = THINK_POINTS
    student: str = ""

    @property
    def extended(self) -> bool:
        """Whether one student has more time than the others."""
        return bool(self.student)

    def keeps(self, days: int) -> float:
        """Return the share of the points that is left after some days of lateness."""
        return max(0.0, 1 - self.daily * days) if days <= self.days else 0.0


@dataclass(frozen=True)
class Due:
    """The deadlines of a class.

    Attributes:
        lessons: by the number of the lesson.
        extensions: by student, as `same` writes the name, and lesson.
        now: the moment of grading.
    """

    lessons: dict[str, Deadline] = field(default_factory=dict)
    extensions: dict[tuple[str, str], Deadline] = field(default_factory=dict)
    now: datetime = field(default_factory=datetime.now)

    def of(self, student: str, lesson: str) -> Deadline | None:
        """Return the deadline of a lesson for a student; None if it has none."""
        return self.extensions.get((same(student), lesson), self.lessons.get(lesson))

    def is_past(self, student: str, lesson: str) -> bool:
        """Return whether a lesson was due for a student by now."""
        deadline = self.of(student, lesson)
        return deadline is not None and deadline.due < self.now

    def think(self, lesson: str) -> float:
        """Return the points for each answer in words of a lesson."""
        deadline = self.lessons.get(lesson)
        return deadline.think if deadline else THINK_POINTS

    def days_late(
        self, student: str, lesson: str, handed_in: datetime | None, flagged: bool
    ) -> int:
        """Return how many days, begun ones included, something came after its deadline.

        Args:
            student: the name.
            lesson: its number.
            handed_in: when; None if nobody knows.
            flagged: whether the platform calls it late. Without a time that is one day.
        """
        deadline = self.of(student, lesson)
        if deadline is None:
            return 0
        if handed_in is None:
            return int(flagged and not deadline.extended)
        return max(0, math.ceil((handed_in - deadline.due) / timedelta(days=1)))


def read(path: Path, roster: Roster) -> Due:
    """Return the deadlines in a file.

    Args:
        path: a CSV file with a line for each lesson; a line that names a student is an extension.
        roster: the class; names of students who are not in it are refused, if it has any.

    Raises:
        TableError: where a line cannot be used.
    """
    table = tables.read(path)
    missing = [name for name in NEEDED if name not in table.header]
    unknown = [name for name in table.header if name not in (*NEEDED, *OPTIONAL)]
    if missing or unknown:
        raise TableError(
            f"{path}, line 1: expected the columns lesson, due and, if you like, late, student,"
            f" think; got {', '.join(table.header)}. {KEPT}"
        )
    due = Due()
    for row in table.rows:
        where = f"{path}, line {row.line}"
        lesson, student = _lesson(where, row), row["student"]
        if not student:
            if lesson in due.lessons:
                raise TableError(f"{where}: lesson {lesson} is due once; got a second line. {KEPT}")
            due.lessons[lesson] = _deadline(where, row, None)
    for row in table.rows:
        if row["student"]:
            _extend(f"{path}, line {row.line}", row, due, roster)
    return due


def _extend(where: str, row: Row, due: Due, roster: Roster) -> None:
    """Note the extension in a line."""
    lesson, student = _lesson(where, row), row["student"]
    known = _person(student, roster)
    if roster.students and not known:
        raise TableError(
            f"{where}: expected the name, id or e-mail of somebody on the roster, got {student}."
            f" {KEPT}"
        )
    if lesson not in due.lessons:
        raise TableError(
            f"{where}: expected another line for lesson {lesson} without a student, which says when"
            f" it is due for the class; got none. {KEPT}"
        )
    if row["think"]:
        raise TableError(
            f"{where}: expected no points for Think answers in a line with a student, for they are"
            f" the same for everybody; got “{row['think']}”. {KEPT}"
        )
    key = same(known or student), lesson
    if key in due.extensions:
        raise TableError(
            f"{where}: expected one line for {student} and lesson {lesson}; got a second one."
            f" {KEPT}"
        )
    due.extensions[key] = _deadline(where, row, due.lessons[lesson])


def _lesson(where: str, row: Row) -> str:
    lessons = sorted({task.lesson for task in TASKS.values()})
    lesson = row["lesson"].zfill(2)
    if lesson not in lessons:
        raise TableError(
            f"{where}: expected a lesson from {lessons[0]} to {lessons[-1]}, got"
            f" “{row['lesson']}”. {KEPT}"
        )
    return lesson


def _person(text: str, roster: Roster) -> str | None:
    """Return the name of the student whose name, number or address a text is."""
    if student := roster.named(text):
        return student.name
    for each in roster.students:
        if text.casefold() in (each.id.casefold(), each.email.casefold(), each.canvas):
            return each.name
    return None


def _deadline(where: str, row: Row, usual: Deadline | None) -> Deadline:
    """Return what one line says; what it leaves open is as usual."""
    try:
        due = datetime.fromisoformat(row["due"])
    except ValueError as error:
        raise TableError(
            f"{where}: expected a day such as 2026-10-12, or a time such as 2026-10-12 18:00, got"
            f" “{row['due']}”. {KEPT}"
        ) from error
    if due.tzinfo:
        raise TableError(
            f"{where}: expected a time of this machine's clock, without a zone, got"
            f" “{row['due']}”. {KEPT}"
        )
    if re.fullmatch(r"[\d-]+", row["due"]):  # a day ends at midnight
        due = due.replace(hour=23, minute=59, second=59)
    deadline = replace(usual, due=due, student=row["student"]) if usual else Deadline(due)
    if row["late"]:
        daily, days = _policy(where, row["late"])
        deadline = replace(deadline, daily=daily, days=days)
    if row["think"]:
        deadline = replace(deadline, think=_think(where, row["think"]))
    return deadline


def _policy(where: str, text: str) -> tuple[float, float]:
    """Return what every day of lateness costs, and how many days are accepted."""
    found = POLICY.fullmatch(" ".join(text.replace("per day", "a day").split()))
    if found and float(found[1]) <= 100:
        return float(found[1]) / 100, float(found[2]) if found[2] else math.inf
    if text not in ("accept", "refuse"):
        raise TableError(f"{where}: expected {POLICIES} for late, got “{text}”. {KEPT}")
    return float(text == "refuse"), math.inf


def _think(where: str, text: str) -> float:
    points = tables.number(text)
    if not 0 <= points <= 100:
        raise TableError(
            f"{where}: expected the points for a Think answer, from 0 to 100, got “{text}”. {KEPT}"
        )
    return points

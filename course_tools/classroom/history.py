"""`history.csv`: every change of a student's points, from the first grading on."""

import csv
import io
from collections.abc import Collection, Mapping
from datetime import datetime
from pathlib import Path

from course_tools.classroom import tables
from course_utils import atomic

HISTORY = "history.csv"
COLUMNS = ("time", "student", "lesson", "task", "before", "after", "reason")
Key = tuple[str, str, str]  # student, lesson and task, as cells of a table


def note(
    out: Path,
    points: Mapping[Key, tuple[str, str]],
    now: datetime,
    students: Collection[str] = (),
) -> int:
    """Add the points that changed since the last grading, and return how many there are.

    Who is not in the class any more leaves no line.

    Args:
        out: the folder of the file.
        points: of every student, lesson and task; "" where a person has to decide; and the reason.
        now: the time that is written.
        students: of the class, where some have no points at all, as when a file cannot be read.
    """
    path, students = out / HISTORY, {student for student, _, _ in points} | set(students)
    lines = []
    if path.exists():
        table = tables.read(path)
        lines = [[row[name] for name in COLUMNS] for row in table.rows]
        lines = [line for line in lines if line[1] in students]
    last: dict[Key, str] = {(line[1], line[2], line[3]): line[5] for line in lines}
    gone = {key: ("", "no longer handed in") for key, was in last.items() if was}
    added = [
        [now.isoformat(" ", "seconds"), *key, last.get(key, ""), after, reason]
        for key, (after, reason) in sorted((gone | dict(points)).items())
        if last.get(key, "") != after
    ]
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([COLUMNS, *lines, *added])
    atomic.write(path, text.getvalue().encode("utf-8", "replace"))
    return len(added)

"""`statistics.html`: how a class did, to look at and to show; it names nobody."""

import builtins
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from course_tools.classroom import report
from course_tools.classroom.grades import Grades
from course_tools.classroom.tables import rounded
from course_tools.grading.mark import Mark
from course_utils import atomic
from course_utils.exercises import TASKS, points_of

SHOWN = 6  # mistakes of a lesson
BINS = 12  # bars of a histogram, at most about so many
# Times of files that lie closer together than this are those of unpacking them.
UNPACKED = timedelta(minutes=15)
NO_HINT = "other numbers, for a reason that no hint names"
STOPPED = re.compile(r"your function stopped with (\w*)")
# What the checker says where a hint of no mistake fits; the number is one's own.
RELATION = re.compile(
    r"the right numbers, transposed\."
    r"|((?:every|the) number is )-?[\d.]+(?:e[+-]\d+)?"
    r"( times what it should be| too large| too small)\."
)
OTHERS = {
    "did not end": "takes too long",
    "is not valid": "is not valid Python",
    "is not in the notebook": "is not in the notebook",
    "no function of this name": "is not in the notebook",
    "expected shape": "returns another shape",
    "expected a single number": "returns another shape",
    "your answer holds": "returns NaN or infinity",
    "returned None": "returns nothing",
    "your function needs": "needs what a grader does not have",
}


@dataclass(frozen=True)
class Bar:
    """A bar of a chart.

    Attributes:
        label: below or beside it.
        n: how many.
        height: in percent of the highest one.
    """

    label: str
    n: int
    height: float


@dataclass(frozen=True)
class TaskNumbers:
    """How a class did in a task.

    Attributes:
        name: of the task.
        of: its points.
        shares: how many students got which kind of mark, by kind, with their percentage.
        share: of all points, in percent.
    """

    name: str
    of: int
    shares: list[tuple[str, int, float]]
    share: float


@dataclass(frozen=True)
class LessonNumbers:
    """How a class did in a lesson.

    Attributes:
        number: of the lesson.
        handed_in: how many students handed it in.
        of: the points of its tasks.
        middle: the median.
        full: how many have all points.
        bars: a histogram of points.
        tasks: of the lesson, in order.
        mistakes: task, number of students, what they did, and the name of the mistake in the spec.
    """

    number: str
    handed_in: int
    of: int
    middle: float
    full: int
    bars: list[Bar]
    tasks: list[TaskNumbers]
    mistakes: list[tuple[str, int, str, str]]


def write(path: Path, grades: Grades) -> None:
    """Write the page.

    Args:
        path: of the page.
        grades: of the class.
    """
    numbers = [_lesson(grades, lesson) for lesson in grades.lessons]
    page = report.environment().get_template("statistics.html.j2")
    atomic.write(
        path,
        page.render(
            numbers=[each for each in numbers if each.handed_in],
            students=len(grades.students),
            hours=hours([paper.time for paper in grades.papers]),
            now=grades.due.now,
        ).encode(),
    )


def _lesson(grades: Grades, lesson: str) -> LessonNumbers:
    tasks = [task for task in TASKS.values() if task.lesson == lesson]
    of = points_of(lesson)
    own = [mark for mark in grades.graded if mark.lesson == lesson and mark.task in TASKS]
    totals: dict[str, float] = defaultdict(float)
    for mark in own:
        totals[mark.student] += mark.points or 0
    points = list(totals.values())
    return LessonNumbers(
        lesson,
        len(points),
        of,
        rounded(median(points)) if points else 0,
        sum(n == of for n in points),
        histogram(points, of),
        [_task(task.name, task.points, [m for m in own if m.task == task.name]) for task in tasks],
        mistakes(own)[:SHOWN],
    )


def histogram(points: Iterable[float], of: int) -> list[Bar]:
    """Return how many students have so many points, in bars of equal width.

    Args:
        points: of every student.
        of: the most that there are.
    """
    width = -(-(of + 1) // BINS)
    count = Counter(min(int(max(n, 0)) // width, of // width) for n in points)
    highest = max(count.values(), default=1)
    bars = []
    for i in range(of // width + 1):
        first, last = i * width, min(of, (i + 1) * width - 1)
        label = f"{first}" if first == last else f"{first}–{last}"
        bars.append(Bar(label, count[i], 100 * count[i] / highest))
    return bars


def _task(name: str, of: int, marks: list[Mark]) -> TaskNumbers:
    kinds = Counter(report.kind(mark) for mark in marks)
    order = [kind for kind in ("right", "partial", "wrong", "open", "review") if kinds[kind]]
    share = 100 * sum(mark.points or 0 for mark in marks) / (of * len(marks) or 1)
    shares = [(kind, kinds[kind], 100 * kinds[kind] / len(marks)) for kind in order]
    return TaskNumbers(name, of, shares, share)


def mistakes(marks: list[Mark]) -> list[tuple[str, int, str, str]]:
    """Return what students got wrong, the commonest first; last, what nobody can name.

    Args:
        marks: at most one per student and task.

    Returns:
        Task, number of students, a sentence, and the name of the mistake in the task's spec, if it
        is one of those.
    """
    found: Counter[tuple[str, str, str]] = Counter()
    for mark in marks:
        if report.kind(mark) in ("wrong", "partial"):
            found[(mark.task, *_mistake(mark))] += 1
    ordered = sorted(found.items(), key=lambda item: (item[0][1] == NO_HINT, -item[1], item[0]))
    return [(task, n, what, name) for (task, what, name), n in ordered]


def _mistake(mark: Mark) -> tuple[str, str]:
    """Return what is wrong in an answer, and the name of that in the spec.

    A reason may hold text of the student's, such as that of an error: only known texts are shown.
    """
    if found := STOPPED.match(mark.reason):
        error = getattr(builtins, found[1], None)
        known = isinstance(error, type) and issubclass(error, BaseException)
        return f"stops with {found[1] if known else 'an error of its own'}", ""
    hint = mark.reason.rpartition(" Hint: ")[2]
    wrong = {text: answer for answer, text in TASKS[mark.task].wrong}
    if hint in wrong:
        name = getattr(wrong[hint], "__qualname__", "")
        return hint, "" if "<" in name else name.strip("_").replace("_", " ")
    if found := RELATION.fullmatch(hint):
        return f"{found[1]}…{found[2]}." if found[1] else hint, ""
    other = next((what for part, what in OTHERS.items() if part in mark.reason), "")
    return other or NO_HINT, ""


def hours(times: list[datetime]) -> list[Bar]:
    """Return how many files were handed in at each hour of the day; nothing where nobody knows.

    Args:
        times: of the last change of every file.
    """
    if len(times) < 2 or max(times) - min(times) < UNPACKED:
        return []
    count = Counter(time.hour for time in times)
    highest = max(count.values())
    return [Bar(f"{hour}", count[hour], 100 * count[hour] / highest) for hour in range(24)]

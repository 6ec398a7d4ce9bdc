"""The grades of a class: what the grader found, what a person decided, and what is due."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from course_tools.classroom.due import Due
from course_tools.classroom.names import composed, same
from course_tools.classroom.overrides import Given, Key
from course_tools.classroom.roster import Roster, Student
from course_tools.classroom.tables import rounded
from course_tools.grading.collect import Paper, several_numbers
from course_tools.grading.extract import THINK
from course_tools.grading.mark import ANSWERED, NO_ANSWER, REVIEW, Mark
from course_utils.exercises import TASKS, points_of

BY_HAND = "by hand"


@dataclass(frozen=True)
class Grades:
    """All that is known about a class.

    Attributes:
        students: everybody, by name.
        marks: one per student, lesson and task or question, sorted; bonuses are marks, too.
        graded: the same marks before lateness or a person changed them.
        papers: the notebooks.
        due: the deadlines.
        unknown: decisions about what was not handed in.
        unclear: lessons that may be those of two people of one name, by student.
    """

    students: list[Student]
    marks: list[Mark]
    graded: list[Mark]
    papers: list[Paper]
    due: Due
    unknown: set[Key]
    unclear: Collection[tuple[str, str]] = ()

    @cached_property
    def _by_student(self) -> dict[str, list[Mark]]:
        found = defaultdict(list)
        for mark in self.marks:
            found[mark.student].append(mark)
        return found

    @cached_property
    def lessons(self) -> list[str]:
        """The lessons that anybody handed in, or that are due."""
        past = {x for x in self.due.lessons if any(self.is_due(s.name, x) for s in self.students)}
        return sorted(past | {mark.lesson for mark in self.marks if mark.lesson})

    @cached_property
    def questions(self) -> set[str]:
        """The tags of the questions to which a person has marked any answer."""
        return {m.task for m in self.marks if m.task.startswith(THINK) and m.of}

    @cached_property
    def strangers(self) -> list[tuple[str, str]]:
        """Who has more time, and for which lesson, without being in the class."""
        names = {same(student.name) for student in self.students}
        return sorted(
            (deadline.student, lesson)
            for (name, lesson), deadline in self.due.extensions.items()
            if name not in names
        )

    def own(self, student: str) -> list[Mark]:
        """Return the marks of a student."""
        return self._by_student.get(student, [])

    def is_due(self, student: str, lesson: str) -> bool:
        """Return whether a lesson was due for a student by now."""
        return self.due.is_past(student, lesson)

    def handed_in(self, student: str, lesson: str) -> bool:
        """Return whether a student handed in a lesson."""
        return any(mark.lesson == lesson and mark.file for mark in self.own(student))

    def points(self, student: str, lesson: str) -> float | int | None:
        """Return the points of a lesson; None where it is neither handed in nor due."""
        own = [mark for mark in self.own(student) if mark.lesson == lesson]
        if not own and not self.is_due(student, lesson):
            return None
        return rounded(sum(mark.points or 0 for mark in own))

    def of(self, student: str, lesson: str) -> float | int:
        """Return the points that there are for a lesson; 0 where it does not count yet."""
        if not self.handed_in(student, lesson) and not self.is_due(student, lesson):
            return rounded(sum(mark.of for mark in self.own(student) if mark.lesson == lesson))
        tasks = points_of(lesson)
        open_ones = {mark.task for mark in self.own(student) if mark.status == ANSWERED}
        counted = {tag for tag in self.questions - open_ones if _lesson(tag) == lesson}
        return rounded(tasks + self.due.think(lesson) * len(counted))

    def total(self, student: str) -> tuple[float | int, float | int]:
        """Return a student's points, every bonus included, and how many there are."""
        earned = sum(mark.points or 0 for mark in self.own(student))
        return rounded(earned), rounded(sum(self.of(student, lesson) for lesson in self.lessons))

    def reviews(self, student: str, lesson: str | None = None) -> int:
        """Return how many marks of a student, or of one lesson, wait for a person's decision."""
        return sum(
            mark.needs_review and (lesson is None or mark.lesson in (lesson, ""))
            for mark in self.own(student)
        )


def settle(
    marks: Iterable[Mark],
    papers: list[Paper],
    roster: Roster,
    given: Mapping[Key, Given],
    due: Due,
    *,
    file_times: bool = False,
) -> Grades:
    """Return the grades that follow from all marks.

    Args:
        marks: of all files.
        papers: these files.
        roster: the class; empty where nobody wrote one.
        given: the points that a person gave.
        due: the deadlines.
        file_times: whether the time of a file is the time at which it was handed in.
    """
    by_file = {(paper.student, paper.name): paper for paper in papers}

    def in_time(mark: Mark) -> Mark:
        paper = by_file.get((mark.student, mark.file))
        return _late(mark, paper, due, paper.time if file_times else None) if paper else mark

    marks = list(marks)
    graded, counted = best(marks), best(map(in_time, marks))
    students = {student.name: student for student in roster.students}
    for mark in graded:
        students.setdefault(mark.student, Student(mark.student))
    names = {composed(name): name for name in students}
    decided = [_overridden(mark, given) for mark in counted]
    known = {_known_as(mark) for mark in graded}
    by_hand = [
        _by_hand(names[student], lesson, task, given[student, lesson, task])
        for student, lesson, task in given.keys() - known
        if student in names
    ]
    final = _with_unanswered([*decided, *by_hand], due)
    final.sort(key=lambda mark: (mark.student, mark.lesson, _place(mark.task), mark.file))
    unknown = {key for key in given if key[0] not in names}
    ordered = [students[name] for name in sorted(students, key=same)]
    unclear = several_numbers(papers, marks)
    return Grades(ordered, final, graded, papers, due, unknown, unclear)


def _late(mark: Mark, paper: Paper, due: Due, time: datetime | None) -> Mark:
    """Return a mark with the points that its lateness leaves."""
    deadline = due.of(mark.student, mark.lesson)
    days = due.days_late(mark.student, mark.lesson, time, paper.origin.late)
    if deadline is None or not days or not mark.points:
        return mark
    share = deadline.keeps(days)
    if share == 1:
        return mark
    cost = "does not count any more" if not share else f"counts {share:.0%}"
    how = f"{days} day{'s' * (days > 1)} late" if time else "late, as Canvas says"
    points = rounded(mark.points * share)
    return replace(mark, points=points, reason=f"{mark.reason} Handed in {how}: it {cost}.")


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
            mark.points == mark.of and mark.status != NO_ANSWER,
            mark.points is None,
            mark.points or 0,
            mark.status != "not started",
            mark.file,
        )

    for mark in sorted(marks, key=worth):
        # A file that could not be graded stands for itself.
        single = "" if mark.task else mark.file or mark.reason
        kept[mark.student, mark.lesson, mark.task, single] = mark
    order = sorted(kept, key=lambda key: (key[0], key[1], _place(key[2]), key[3]))
    return [kept[key] for key in order]


def _place(task: str) -> tuple[int, bool]:
    """Return the place of a task among the others: a question follows its task."""
    names = list(TASKS)
    name = task.removeprefix(THINK)
    place = names.index(name) if name in TASKS else len(names)
    return place if task else -1, task != name


def _lesson(tag: str) -> str:
    return TASKS[tag.removeprefix(THINK)].lesson


def _known_as(mark: Mark) -> Key:
    return composed(mark.student), mark.lesson, mark.task


def _overridden(mark: Mark, given: Mapping[Key, Given]) -> Mark:
    decided = given.get(_known_as(mark))
    return _decided(mark, decided) if decided and decided.is_for(mark.source) else mark


def _decided(mark: Mark, decided: Given) -> Mark:
    points, of = rounded(decided.points), rounded(decided.of)
    status = "right" if points == of else "wrong"
    reason = f"{BY_HAND}: {decided.reason}" if decided.reason != BY_HAND else BY_HAND
    return replace(mark, points=points, of=of, status=status, reason=reason)


def _by_hand(student: str, lesson: str, task: str, decided: Given) -> Mark:
    """Return the mark for what a person gave points to, though it was not handed in."""
    return _decided(Mark(student, "", lesson, task, REVIEW, None, 0, ""), decided)


def _with_unanswered(marks: list[Mark], due: Due) -> list[Mark]:
    """Return all marks: no answer to a question that is marked by now is 0 of its points."""
    asked = {mark.task for mark in marks if mark.task.startswith(THINK) and mark.of}
    return [
        replace(mark, of=rounded(due.think(mark.lesson)))
        if mark.task in asked and mark.status == NO_ANSWER
        else mark
        for mark in marks
    ]

"""`similarity.html`: answers that are more alike than those of others, side by side.

Two people can write the same lines: the page gives no verdict. Two answers are compared token by
token, with the student's own names, comments and docstrings left out.
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from itertools import combinations
from pathlib import Path
from statistics import median

from pygments import token
from pygments.lexers.python import PythonLexer
from rapidfuzz.distance import Indel

from course_tools.classroom import report
from course_tools.classroom.grades import Grades
from course_tools.grading.mark import Mark
from course_utils import atomic
from course_utils.exercises import TASKS

LONG = 80  # tokens of an answer: shorter right ones are alike by nature
# The share of tokens from which a pair is shown; tests/tools/test_classroom.py measures it.
ALIKE = 0.9
SHOWN = 60  # pairs on the page


@dataclass(frozen=True)
class Token:
    """A token of an answer.

    Attributes:
        kind: the same for all names that the student chose.
        start: where it begins in the source.
        stop: where it ends.
    """

    kind: str
    start: int
    stop: int


@dataclass(frozen=True)
class Pair:
    """Two answers to one task.

    Attributes:
        task: its name.
        alike: the share of tokens that both have, in order.
        usual: the median of that share over all pairs of the class.
        left: the mark of the one.
        right: the mark of the other.
    """

    task: str
    alike: float
    usual: float
    left: Mark
    right: Mark

    def sides(self) -> list[tuple[str, list[tuple[bool, str]]]]:
        """Return, for both, the student and the source in parts, and whether both have the part."""
        sources = [mark.source.replace("\r\n", "\n") for mark in (self.left, self.right)]
        tokens = [tokens_of(source) for source in sources]
        kinds = [[each.kind for each in side] for side in tokens]
        shared: tuple[list[Token], list[Token]] = ([], [])
        for step in Indel.opcodes(*kinds):
            if step.tag == "equal":
                shared[0].extend(tokens[0][step.src_start : step.src_end])
                shared[1].extend(tokens[1][step.dest_start : step.dest_end])
        names = self.left.student, self.right.student
        return [
            (name, _parts(source, own))
            for name, source, own in zip(names, sources, shared, strict=True)
        ]


def write(path: Path, grades: Grades) -> None:
    """Write the page, and print who handed in the same file.

    Args:
        path: of the page.
        grades: of the class.
    """
    same = identical(grades)
    found = pairs(grades.graded)
    page = report.environment().get_template("similarity.html.j2")
    atomic.write(
        path,
        page.render(
            same=same, pairs=found[:SHOWN], more=len(found[SHOWN:]), long=LONG, alike=ALIKE
        ).encode("utf-8", "replace"),
    )
    for students in same:
        print(f"  identical notebooks or answers: {', '.join(students)}")


def identical(grades: Grades) -> list[list[str]]:
    """Return the groups of students who handed in the same bytes, or the same answers.

    Answers to a lesson are the same if all of them are, to the letter, and one is long.

    Args:
        grades: of the class.
    """
    owners: dict[object, set[str]] = defaultdict(set)
    for paper in grades.papers:
        if paper.digest:
            owners[paper.digest].add(paper.student)
    answers: dict[tuple[str, str], list[Mark]] = defaultdict(list)
    for mark in grades.graded:
        if mark.task in TASKS:
            answers[mark.student, mark.lesson].append(mark)
    for (student, lesson), own in answers.items():
        if any(_is_long(mark) for mark in own):
            owners[(lesson, *(mark.source for mark in own))].add(student)
    groups = {tuple(sorted(students)) for students in owners.values() if len(students) > 1}
    return sorted(map(list, groups))


def _is_long(mark: Mark) -> bool:
    """Return whether an answer is long enough to be compared."""
    begun = mark.task in TASKS and mark.status in ("right", "wrong")
    return begun and len(tokens_of(mark.source)) >= LONG


def pairs(marks: list[Mark]) -> list[Pair]:
    """Return the pairs of answers that are alike, the most surprising first.

    A pair says more where the answers of the class differ more.

    Args:
        marks: one per student and task.
    """
    by_task: dict[str, list[Mark]] = defaultdict(list)
    for mark in marks:
        if _is_long(mark):
            by_task[mark.task].append(mark)
    found = []
    for task, own in by_task.items():
        kinds = [[each.kind for each in tokens_of(mark.source)] for mark in own]
        shares = {
            (i, j): Indel.normalized_similarity(kinds[i], kinds[j])
            for i, j in combinations(range(len(own)), 2)
        }
        usual = median(shares.values()) if shares else 0.0
        found += [
            Pair(task, share, usual, own[i], own[j])
            for (i, j), share in shares.items()
            if share >= ALIKE
        ]
    return sorted(found, key=lambda pair: (pair.usual - pair.alike, pair.task, pair.left.student))


@cache
def tokens_of(source: str) -> list[Token]:
    """Return the tokens of an answer, without comments, docstrings and spaces.

    Args:
        source: Python, with line ends as on Linux.
    """
    found, place = [], 0
    for kind, text in PythonLexer(stripnl=False, ensurenl=False).get_tokens(source):
        start, place = place, place + len(text)
        if kind in token.Text or kind in token.Comment or kind in token.String.Doc:
            continue
        name = kind in (token.Name, token.Name.Variable)
        found.append(Token("name" if name else text, start, place))
    return found


def _parts(source: str, shared: list[Token]) -> list[tuple[bool, str]]:
    """Return a source cut where what both have begins and ends."""
    parts: list[tuple[bool, str]] = []
    place = 0
    for each in shared:
        between = source[place : each.start]
        if parts and parts[-1][0] and not between.strip():
            parts[-1] = (True, parts[-1][1] + between + source[each.start : each.stop])
        else:
            parts += [(False, between), (True, source[each.start : each.stop])]
        place = each.stop
    return [part for part in [*parts, (False, source[place:])] if part[1]]

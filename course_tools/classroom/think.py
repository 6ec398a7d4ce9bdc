"""`course grade --think`: the page on which answers in words are marked, and the same as a table.

The page is one file that works without a network. It saves `think.csv`, which goes into the folder
of grades beside overrides.csv; nothing else of the page is read.
"""

import base64
import hashlib
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

from course_tools.classroom import report, tables, texts
from course_tools.classroom.grades import BY_HAND, Grades
from course_tools.classroom.overrides import ANSWER, COLUMNS, MARKED, words
from course_tools.classroom.tables import rounded
from course_tools.grading.extract import THINK
from course_tools.grading.mark import Mark
from course_utils import atomic
from course_utils.exercises import TASKS

PAGE, TABLE = "think.html", "answers.csv"


@dataclass
class Answer:
    """An answer, and everybody who gave it, word for word.

    Attributes:
        text: as a student wrote it.
        students: their names.
        points: given so far; None if it is not marked.
        comment: given so far.
    """

    text: str
    students: list[str] = field(default_factory=list)
    points: float | int | None = None
    comment: str = ""


@dataclass(frozen=True)
class Question:
    """A question of a lesson, and its answers.

    Attributes:
        tag: of the question.
        lesson: its number.
        of: points for a good answer.
        text: what the lesson says about it.
        answers: the longest ones last.
    """

    tag: str
    lesson: str
    of: float | int
    text: texts.Text
    answers: list[Answer]


def write(out: Path, grades: Grades) -> None:
    """Write the page and the table, and print where they are.

    Args:
        out: the folder of grades.
        grades: of the class.
    """
    found = questions(grades)
    script = (report.TEMPLATES / "think.js").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = (
        report.environment()
        .get_template("think.html.j2")
        .render(
            questions=found,
            script=script,
            digest=digest,
            columns=",".join((*COLUMNS, ANSWER)),
            name=MARKED,
            when=grades.due.now.isoformat(),
            # Drafts that the browser keeps belong to one folder of grades.
            draft=hashlib.sha256(str(out.resolve()).encode()).hexdigest()[:16],
        )
    )
    atomic.write(out / PAGE, page.encode("utf-8", "replace"))
    atomic.write(out / TABLE, _table(grades))
    n = sum(len(answer.students) for question in found for answer in question.answers)
    print(
        f"{n} answers to {len(found)} questions: mark them in {out / PAGE}, and move the"
        f" {MARKED} that it saves to {out}. Or fill in points and reason in {out / TABLE}, and save"
        f" it as {out / MARKED}."
    )


def questions(grades: Grades) -> list[Question]:
    """Return every question to which there is an answer, and its answers.

    Args:
        grades: of the class.
    """
    by_tag: dict[str, list[Mark]] = defaultdict(list)
    for mark in grades.marks:
        if mark.task.startswith(THINK) and mark.source:
            by_tag[mark.task].append(mark)
    names = [name for name in TASKS if THINK + name in by_tag]
    known = texts.tasks()
    return [
        Question(
            THINK + name,
            TASKS[name].lesson,
            rounded(grades.due.think(TASKS[name].lesson)),
            known.get(name, texts.Text(0, name)),
            _answers(by_tag[THINK + name]),
        )
        for name in names
    ]


def _answers(marks: list[Mark]) -> list[Answer]:
    """Return the answers to a question; those with the same words and points stand once."""
    found: dict[tuple, Answer] = {}
    for mark in marks:
        points = mark.points if mark.of else None
        comment = mark.reason.removeprefix(f"{BY_HAND}: ") if points is not None else ""
        comment = "" if comment == BY_HAND else comment
        key = words(mark.source), points, comment
        answer = found.setdefault(key, Answer(mark.source, [], points, comment))
        answer.students.append(mark.student)
    return sorted(found.values(), key=lambda answer: (len(answer.text), answer.text))


def _table(grades: Grades) -> bytes:
    """Return the table of all answers; with points, it is what overrides.csv takes."""
    rows = []
    for question in questions(grades):
        for answer in question.answers:
            for student in answer.students:
                points = "" if answer.points is None else answer.points
                about = (student, question.lesson, question.tag, points)
                rows.append((*about, answer.comment, answer.text, question.text.question))
    return tables.written((*COLUMNS, ANSWER, "question"), rows)

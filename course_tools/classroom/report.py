"""What grading writes: two tables, a page of feedback per student, a summary on the terminal."""

import hashlib
from functools import cache
from pathlib import Path

import jinja2

from course_tools.classroom import history, tables, texts
from course_tools.classroom.grades import Grades
from course_tools.classroom.overrides import BONUS, MARKED, OVERRIDES
from course_tools.classroom.tables import cell, rounded
from course_tools.grading.extract import THINK
from course_tools.grading.mark import ANSWERED, NO_ANSWER, REVIEW, Mark
from course_utils import atomic
from course_utils.exercises import TASKS, points_of

COLUMNS = ("student", "lesson", "task", "points", "of", "reason")
UNSAFE = "Graded with --unsafe-no-sandbox: this code ran with the grader's rights. "
TEMPLATES = Path(__file__).parent / "templates"
SYMBOLS = {"right": "✓", "partial": "◐", "wrong": "✗", "open": "○", "review": "?", "extra": "+"}


@cache
def environment() -> jinja2.Environment:
    """Return the templates of all pages; what is put into them is escaped."""
    pages = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True
    )
    pages.filters |= {
        "title": texts.title,
        "markdown": texts.html,
        "rounded": rounded,
        "cell": cell,
    }
    pages.globals |= {"symbols": SYMBOLS, "lessons": texts.lessons}
    pages.tests["think"] = lambda task: task.startswith(THINK)
    return pages


def write(out: Path, grades: Grades, *, safe: bool) -> None:
    """Write grades.csv, summary.csv, history.csv and feedback/, and print a summary.

    The feedback of a student shows nothing of other students.

    Args:
        out: the folder.
        grades: of the class.
        safe: whether the code ran in the sandbox; if not, every file says so.
    """
    warning = "" if safe else UNSAFE
    rows = [_row(mark, warning) for mark in grades.marks] + list(_missing(grades))
    rows.sort(key=lambda row: row[:2])
    history.note(
        out,
        {
            tuple(str(cell(text)).strip() for text in row[:3]): (str(row[3]), str(cell(row[5])))
            for row in rows
            if row[2]
        },
        grades.due.now,
        students={str(cell(row[0])).strip() for row in rows},
    )
    atomic.write(out / "grades.csv", tables.written(COLUMNS, rows))
    header, sums = summary(grades)
    atomic.write(
        out / "summary.csv",
        tables.written(
            (*header, *["warning"] * (not safe)), [(*row, *[warning] * (not safe)) for row in sums]
        ),
    )
    _write_feedback(out / "feedback", grades, warning)
    _print(out, grades, warning)


def _row(mark: Mark, warning: str) -> tuple:
    """Return the line of grades.csv for a mark."""
    unmarked = mark.status in (ANSWERED, NO_ANSWER) and not mark.of
    points, of = ("", "") if unmarked else ("" if mark.points is None else mark.points, mark.of)
    review = f"{REVIEW}: " if mark.needs_review else ""
    return (mark.student, mark.lesson, mark.task, points, of, f"{warning}{review}{mark.reason}")


def _missing(grades: Grades) -> list[tuple]:
    """Return a line of grades.csv for every lesson that was due and is not there."""
    return [
        (student.name, lesson, "", 0, grades.of(student.name, lesson), "not handed in, and due")
        for student in grades.students
        for lesson in grades.lessons
        if is_missing(grades, student.name, lesson)
    ]


def is_missing(grades: Grades, student: str, lesson: str) -> bool:
    """Return whether a student did not hand in a lesson that was due."""
    return grades.is_due(student, lesson) and not grades.handed_in(student, lesson)


def summary(grades: Grades) -> tuple[tuple[str, ...], list[tuple]]:
    """Return header and rows: points and their maximum per lesson and in all."""
    known = any(student.id or student.email for student in grades.students)
    rows = []
    for student in grades.students:
        name = student.name
        each = [
            "" if value is None else value
            for lesson in grades.lessons
            for value in (grades.points(name, lesson), grades.of(name, lesson) or None)
        ]
        about = (student.id, student.email) if known else ()
        rows.append((name, *about, *each, *grades.total(name), grades.reviews(name)))
    columns = [f"{what} {x}" for x in grades.lessons for what in ("lesson", "of")]
    about = ("id", "email") if known else ()
    return ("student", *about, *columns, "points", "of", "needs review"), rows


def _write_feedback(folder: Path, grades: Grades, warning: str) -> None:
    """Write a page for every student, and delete pages of students who are not there any more."""
    pages = {file_name(s.name): feedback(grades, s.name, warning) for s in grades.students}
    for path in folder.glob("*.html"):
        if path.name not in pages:
            path.unlink()
    for name, page in pages.items():
        atomic.write(folder / name, page.encode("utf-8", "replace"))


def feedback(grades: Grades, student: str, warning: str, lesson: str | None = None) -> str:
    """Return the page of a student.

    Args:
        grades: of the class; nothing of others is shown.
        student: the name.
        warning: that stands on top, if any.
        lesson: show only this one; default: everything.
    """
    wanted = [lesson] if lesson else ["", *grades.lessons]
    parts = []
    for number in wanted:
        own = [mark for mark in grades.own(student) if mark.lesson == number]
        missing = bool(number) and is_missing(grades, student, number)
        if own or missing:
            parts.append(
                {
                    "lesson": number,
                    "marks": own,
                    "missing": missing,
                    "points": grades.points(student, number) if number else None,
                    "of": grades.of(student, number) if number else 0,
                    "next": next_step(own),
                    "due": grades.due.of(student, number),
                }
            )
    total = grades.total(student)
    if lesson:
        total = grades.points(student, lesson) or 0, grades.of(student, lesson)
    return (
        environment()
        .get_template("feedback.html.j2")
        .render(
            student=student,
            parts=parts,
            warning=warning,
            points=total[0],
            of=total[1],
            now=grades.due.now,
            kind=kind,
            questions={THINK + name: text.question for name, text in texts.tasks().items()},
        )
    )


def kind(mark: Mark) -> str:
    """Return what a mark is shown as: one of `SYMBOLS`."""
    if mark.task == BONUS:
        return "extra"
    if mark.needs_review:
        return "review"
    if mark.status in (ANSWERED, NO_ANSWER, "not started"):
        return "open"
    if mark.points is not None and 0 < mark.points < mark.of:
        return "partial"
    return "right" if mark.points and mark.points >= mark.of else "wrong"


def next_step(own: list[Mark]) -> str:
    """Return what a student may do next in a lesson: a sentence."""
    tasks = [mark for mark in own if mark.task in TASKS]
    for status, what in (("partial", "Mend the rest of"), ("wrong", "Mend"), ("open", "Begin")):
        task = next((mark for mark in tasks if kind(mark) == status), None)
        if task:
            return (
                f"{what} {texts.title(task.task)}. Run the cell with verify below it until it says"
                " ✓, then hand in again."
            )
    silent = next((mark for mark in own if mark.status == NO_ANSWER), None)
    if silent:
        task_title = texts.title(silent.task.removeprefix(THINK))
        return f"Answer the Think question below {task_title}, in a sentence or two."
    if any(kind(mark) == "review" for mark in own):
        return "Nothing: a person looks at what could not be decided."
    return "Nothing is left to do here. Go on to the next lesson." if tasks else ""


def file_name(student: str) -> str:
    """Return the name of a student's page.

    A name too long for a file is shortened, and stays unique: no other one has a single ~ there.
    """
    name = student.replace("~", "~~").replace("/", "~s")
    if len(name.encode()) > 200:
        digest = hashlib.sha256(student.encode()).hexdigest()[:12]
        name = f"{name.encode()[:100].decode(errors='ignore').rstrip('~')}~{digest}"
    return f"{name}.html"


def _print(out: Path, grades: Grades, warning: str) -> None:
    n = len(grades.students)
    print(f"{n} student{'s' * (n != 1)}. Points, of what they handed in:")
    for lesson in grades.lessons:
        own = [mark for mark in grades.marks if mark.lesson == lesson and mark.file]
        handed_in = len({mark.student for mark in own})
        points = sum(mark.points or 0 for mark in own if mark.task in TASKS)
        of = points_of(lesson)
        average = f"{points / handed_in:5.2f} of {of} on average, " if handed_in else ""
        print(f"  lesson {lesson}  {average}{handed_in} handed in")
    for task in TASKS:
        own = [mark for mark in grades.marks if mark.task == task]
        if own:
            share = sum(mark.points or 0 for mark in own) / sum(mark.of for mark in own)
            print(f"    {task:<28} {share:4.0%}")
    review = [mark for mark in grades.marks if mark.needs_review]
    for mark in review[:20]:
        print(f"  {REVIEW}: {mark.student} {mark.file} {mark.task}: {mark.reason}")
    if len(review) > 20:
        print(f"  and {len(review) - 20} more in grades.csv")
    if any(mark.status == REVIEW and mark.file for mark in review):
        print(
            "  Where the machine had too much to do, fewer --jobs give each notebook more of it."
            " --again marks them once more."
        )
    for name, lesson in grades.strangers:
        print(f"  more time for {name}, lesson {lesson}: nobody has this name")
    for student, lesson, task in sorted(grades.unknown):
        print(f"  {OVERRIDES}: nothing was handed in for {student}, lesson {lesson}, {task}")
    unread = sum(mark.status == ANSWERED for mark in grades.marks)
    if unread:
        print(f"  {unread} answers in words are not marked yet: add --think to mark them.")
    print(
        f"{warning}Written to {out}: grades.csv, summary.csv, history.csv, feedback/,"
        " statistics.html, similarity.html."
    )
    print(
        f"What a person decides goes into {out / OVERRIDES}, and {MARKED} beside it; then run the"
        " same command again."
    )

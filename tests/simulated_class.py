"""A class as Moodle and Canvas give it: downloads and gradebooks in their shape, with known marks.

Half of the people hand in through Moodle, half through Canvas. Answers are those in tasks/answers,
so that their files' names say which ones are right.
"""

import csv
import io
import itertools
import json
import random
import re
import zipfile
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import nbformat

from course_tools.classroom import due, names
from course_tools.classroom.grades import Grades, settle
from course_tools.classroom.roster import Roster, Student
from course_tools.grading.collect import Paper
from course_tools.grading.extract import ANSWER_HERE
from course_tools.grading.mark import ANSWERED, Mark
from course_tools.publish.student_version import STUDENT
from course_utils.exercises import TASKS

ANSWERS = Path(__file__).parent / "tasks" / "answers"
NAMES = """Ada Lovelace; Alan Turing; Emmy Noether; Kurt Gödel; Grace Hopper; John von Neumann;
Sofja Kowalewskaja; Évariste Galois; Andrey Markov; Karen Spärck Jones; Claude Shannon; Mary Boole;
Ole-Johan Dahl; Sophie Germain; Thomas Bayes; Émilie du Châtelet; Ronald Fisher; Hedy Lamarr;
Pál Erdős; Katherine Johnson; Carl Friedrich Gauss; Maria Gaetana Agnesi; Abraham Wald;
Florence Nightingale""".replace("\n", " ").split("; ")
SAID = (
    "It does not change.", "it does not  change.", "It grows, because every term does.",
    "I am not sure; perhaps it falls, since the two nearest neighbours are what counts?",
    '<img src=x onerror="alert(1)"> "quoted", and a comma; =1+1',
    "Nothing: a constant cancels in the softmax. So the loss does not determine the vectors, and"
    " only differences between them matter, which is why two runs give other vectors.",
    "", "",
)  # fmt: skip
DUE = {"01": "2026-10-12", "02": "2026-10-19", "03": "2026-10-26"}
FIRST = [task for task in TASKS.values() if task.lesson == "01"]
NOW = datetime(2026, 11, 2, 12)  # all of that is due
EVIL = '<script>alert(1)</script><img src=x onerror="alert(2)">'
STEM = re.compile(r"[\W_]+")


@dataclass
class Person:
    """A student of the simulated class.

    Attributes:
        name: of the person.
        number: of the person, at school and, in Canvas, there.
        system: "moodle" or "canvas".
        right: lesson → the tasks that were answered correctly, for what was handed in.
        late: lesson → days of lateness.
        said: lesson → task → the answer in words.
    """

    name: str
    number: int
    system: str
    right: dict[str, set[str]] = field(default_factory=dict)
    late: dict[str, int] = field(default_factory=dict)
    said: dict[str, dict[str, str]] = field(default_factory=dict)

    @property
    def email(self) -> str:
        return f"s{self.number}@example.org"

    @property
    def sortable(self) -> str:
        first, _, last = self.name.rpartition(" ")
        return f"{last}, {first}"


def people(n: int) -> list[Person]:
    """Everybody in a class of n."""
    return [
        Person(name, 10_001 + i, "moodle" if i % 2 == 0 else "canvas")
        for i, name in enumerate(NAMES[:n])
    ]


def write(folder: Path, n: int, submissions: int, seed: int = 0) -> list[Person]:
    """Write the downloads of a class of n, which hands in so many notebooks of three lessons."""
    draw = random.Random(seed)
    everybody = people(n)
    pairs = [(lesson, person) for lesson in DUE for person in everybody]
    missing = set(draw.sample(range(1, len(pairs)), len(pairs) - submissions))
    numbers = itertools.count(55_501)
    for lesson in DUE:
        packed = {"moodle": io.BytesIO(), "canvas": io.BytesIO()}
        zips = {system: zipfile.ZipFile(file, "w") for system, file in packed.items()}
        for i, (number, person) in enumerate(pairs):
            if number == lesson and i not in missing:
                late = draw.choice((0, 0, 0, 0, 0, 2))
                content = notebook(person, lesson, draw)
                person.late[lesson] = late
                name = entry(person, lesson, next(numbers), late)
                zips[person.system].writestr(
                    zipfile.ZipInfo(name, when(lesson, late, draw)), content
                )
        for system, file in packed.items():
            zips[system].close()
            (folder / f"{system} lesson {lesson}.zip").write_bytes(file.getvalue())
    return everybody


def when(lesson: str, late: int, draw: random.Random) -> tuple[int, ...]:
    """The time at which something was handed in, as a zip file holds it."""
    due = datetime.fromisoformat(f"{DUE[lesson]} 23:59")
    hours = min(72, draw.expovariate(1 / 12)) + 0.1
    time = due - timedelta(hours=hours) if not late else due + timedelta(days=late, hours=-1)
    return time.timetuple()[:6]


def entry(person: Person, lesson: str, number: int, late: int) -> str:
    """The name of a submission in the download."""
    file = f"{lesson}_{STEM.sub('_', person.name.lower())}.ipynb"
    if person.system == "moodle":
        return f"{person.name}_{number}_assignsubmission_file/{file}"
    slug = "".join(STEM.sub("", part) for part in person.sortable.lower().split(","))
    return f"{slug}_{'LATE_' if late else ''}{person.number}_{number}_{file}"


def notebook(person: Person, lesson: str, draw: random.Random) -> bytes:
    """What a student hands in: right answers, wrong ones, and stubs; some answers in words."""
    path = next(STUDENT.glob(f"{lesson}_*.ipynb"))
    book = nbformat.read(path, 4)
    right, said = person.right.setdefault(lesson, set()), person.said.setdefault(lesson, {})
    for cell in book.cells:
        tag = cell.metadata.get("nbgrader", {}).get("grade_id", "")
        if tag in TASKS:
            kind = draw.choices(("right", "wrong", "stub"), (6, 3, 1))[0]
            files = sorted((ANSWERS / tag).glob(f"{kind}_*.py"))
            if files:
                cell.source = draw.choice(files).read_text(encoding="utf-8")
            if kind == "right":
                right.add(tag)
        elif tag.startswith("think-"):
            text = draw.choice(SAID)
            said[tag] = text.strip()
            cell.source = cell.source.replace(ANSWER_HERE, text or ANSWER_HERE)
    return json.dumps(book).encode()


def table(path: Path, rows: list[list[object]], *, mark: bool = False) -> None:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    path.write_text(text.getvalue(), encoding="utf-8-sig" if mark else "utf-8")


def roster(path: Path, everybody: list[Person]) -> None:
    """The class as an instructor writes it down; Canvas's numbers are known."""
    rows: list[list[object]] = [["name", "id", "email", "canvas"]]
    for person in everybody:
        canvas = person.number if person.system == "canvas" else ""
        rows.append([person.name, f"M{person.number}", person.email, canvas])
    table(path, rows)


def moodle_gradebook(path: Path, everybody: list[Person]) -> None:
    """What Moodle exports: Grades → Export → Plain text file."""
    lessons = [f"Assignment: Lesson {lesson} (Real)" for lesson in DUE]
    head = ["First name", "Last name", "ID number", "Email address", *lessons]
    rows: list[list[object]] = [[*head, "Course total (Real)", "Last downloaded from this course"]]
    for person in everybody:
        if person.system == "moodle":
            first, _, last = person.name.rpartition(" ")
            marks = ["-"] * (len(DUE) + 1)
            rows.append([first, last, f"M{person.number}", person.email, *marks, 1793000000])
    table(path, rows)


def canvas_gradebook(path: Path, everybody: list[Person]) -> None:
    """What Canvas exports: Grades → Export → Export Entire Gradebook."""
    lessons = [f"Lesson {lesson} ({8000 + int(lesson)})" for lesson in DUE]
    of = [sum(t.points for t in TASKS.values() if t.lesson == lesson) for lesson in DUE]
    head = ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", *lessons, "Current Score"]
    rows: list[list[object]] = [head, ["    Points Possible", "", "", "", "", *of, "(read only)"]]
    for person in everybody:
        if person.system == "canvas":
            about = [person.number, f"M{person.number}", person.email, "A"]
            rows.append([person.sortable, *about, *[""] * len(DUE), ""])
    rows.append(["Student, Test", 99_999, "", "", "A", *[""] * len(DUE), ""])
    table(path, rows, mark=True)


# Marks without a grader


def paper(student: str, name: str, entry: str = "", time: datetime = NOW) -> Paper:
    origin = names.origin(entry or name, folder="_assign" in entry)
    return Paper(student, name, Path(name), origin, time, digest=f"digest of {student}")


def mark(student: str, task: str, points: float | None, **about) -> Mark:
    known = TASKS[task.removeprefix("think-")]
    of = 0 if task.startswith("think-") else known.points
    status = about.pop("status", "right" if points == of else "wrong")
    row = {"file": "01.ipynb", "reason": "a reason.", **about}
    return Mark(
        student, row["file"], known.lesson, task, status, points, of, row["reason"],
        row.get("source", ""),
    )  # fmt: skip


def settled(marks, *, papers=(), students=(), given=None, dues=None, **more) -> Grades:
    people = Roster(tuple(Student(name) for name in students))
    return settle(marks, list(papers), people, given or {}, dues or due.Due(now=NOW), **more)


def hostile() -> Grades:
    """A class in which a student's name, code, answers and reasons are markup."""
    tag = f"think-{FIRST[0].name}"
    marks = [mark(f"Eve {EVIL}", task.name, 0, source=EVIL, reason=EVIL) for task in FIRST]
    marks += [mark(f"Bob {EVIL}", task.name, 0, source=f"{EVIL} # " * 60) for task in FIRST]
    text = f"$\\text{{{EVIL}}}$ {EVIL}"
    marks += [mark(f"Eve {EVIL}", tag, None, status=ANSWERED, source=text)]
    return settled(marks, papers=[paper(f"Eve {EVIL}", "01.ipynb")])

"""`course grade`: mark every notebook in a folder, with points, reasons and feedback per student.

Marks are kept in the output folder: after a break, the same command resumes, and marks only what
is new.
"""

import importlib.metadata
import json
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import TypeVar

import joblib

from course_tools.classroom import due as deadlines
from course_tools.classroom import overrides, report, similarity, statistics, think
from course_tools.classroom import roster as rosters
from course_tools.classroom.gradebook import Export
from course_tools.classroom.grades import Grades, settle
from course_tools.grading import extract, mark, sandbox
from course_tools.grading.collect import (
    GradingError,
    Paper,
    collect,
    content,
    same_lesson_twice,
)
from course_tools.grading.mark import REVIEW, Job, Mark
from course_tools.publish.notebooks import ROOT
from course_utils import atomic, exercises, names
from course_utils.exercises import catalogue
from course_utils.exercises.borrowed import HELD
from course_utils.training.progress import ProgressBar

T = TypeVar("T")
EXPORT = "export"  # in the output folder: filled gradebooks, and archives of feedback
STATE = ".state"  # in the output folder: the key of the inputs, and the marks of every notebook


@dataclass(frozen=True)
class ClassSettings:
    """What a person says about the class.

    Attributes:
        roster: the file of its students; default: roster.csv in the folder of grades, if any.
        due: the file of its deadlines; default: due.csv there, if any.
        file_times: whether the time of a file is the time at which it was handed in.
        think: whether to write the page on which answers in words are marked.
        exports: gradebooks to fill: the platform, and the file that it exported.
    """

    roster: Path | None = None
    due: Path | None = None
    file_times: bool = False
    think: bool = False
    exports: tuple[tuple[str, Path], ...] = ()


def grade(
    folder: Path,
    out: Path,
    *,
    jobs: int | None = None,
    scheduler: str | None = None,
    safe: bool = True,
    again: bool = False,
    about: ClassSettings | None = None,
) -> int:
    """Mark all notebooks of a folder, write tables and feedback, and return the exit code.

    Args:
        folder: has a folder per student, or notebooks named by student.
        out: where to write.
        jobs: number of sandboxes at a time; default: one per core.
        scheduler: address of a Dask scheduler whose workers do the marking.
        safe: False runs the code without a sandbox.
        again: whether to mark once more what needed review the last time.
        about: the class.

    Raises:
        CourseError: where nothing can be graded, a table cannot be used, or there is no sandbox.
    """
    about = about or ClassSettings()
    _refuse(folder, out)
    roster = _read(about.roster, out / "roster.csv", rosters.read) or rosters.Roster()
    due = _read(about.due, out / "due.csv", lambda path: deadlines.read(path, roster))
    due = due or deadlines.Due()
    exports = [Export.read(system, path, out / EXPORT) for system, path in about.exports]
    papers, problems, passed_over = collect(folder, roster if roster.students else None)
    if not papers and not problems:
        raise GradingError(
            f"There is no notebook in {folder}. It should hold one folder per student, or notebooks"
            " named by student."
        )
    _belongs(out / STATE, folder)
    given = overrides.read(out, due)
    if safe and not scheduler:
        sandbox.check(folder, out)
    marks, papers = _marked(papers, out / STATE, jobs, scheduler, safe, again)
    marks += problems
    marks += same_lesson_twice(papers, marks)
    grades = settle(marks, papers, roster, given, due, file_times=about.file_times)
    for export in exports:  # one that does not fit is refused before anything is written
        export.fill(grades)
    _write(out, grades, about, exports, safe)
    if passed_over:
        more = f" and {len(passed_over) - 20} more" * (len(passed_over) > 20)
        print(
            "Not graded, because they are neither notebooks nor folders:"
            f" {', '.join(passed_over[:20])}{more}."
        )
    return 0


def _read(named: Path | None, usual: Path, reader: Callable[[Path], T]) -> T | None:
    """Return what is in the file that was named, or in the usual one; None if there is neither."""
    path = named or (usual if usual.exists() else None)
    return reader(path) if path else None


def _write(
    out: Path, grades: Grades, about: ClassSettings, exports: list[Export], safe: bool
) -> None:
    """Write everything that follows from the grades."""
    report.write(out, grades, safe=safe)
    statistics.write(out / "statistics.html", grades)
    similarity.write(out / "similarity.html", grades)
    if about.think:
        think.write(out, grades)
    for export in exports:
        export.write(out / EXPORT, grades, safe=safe)


def _refuse(folder: Path, out: Path) -> None:
    """Raise GradingError where nothing can be graded, or the output would be taken for input."""
    if catalogue.HANDOUT.exists():
        raise GradingError(
            "This is a class repository, which holds no answers. Grade with the course from which"
            " it was generated."
        )
    if not folder.is_dir():
        what = (
            f"{folder} is a file: unpack it, and name the folder"
            if folder.exists()
            else f"There is no folder {folder}"
        )
        raise GradingError(
            f"{what}. It should hold one folder per student, or notebooks named by student."
        )
    _lessons_are_there()
    if out.resolve().is_relative_to(folder.resolve()):
        raise GradingError(
            f"{out} lies inside {folder}, where it would be taken for a student. Give another"
            " --out."
        )


def _lessons_are_there() -> None:
    """Raise GradingError where no lesson is found: its own cells would be taken for an answer."""
    if not mark.lesson_cells()["texts"]:
        raise GradingError(
            f"Expected the lessons in {ROOT / 'notebooks'}, found none. Install the course"
            " from its checkout with: pip install --editable '.[teach]'"
        )


def _belongs(state: Path, folder: Path) -> None:
    """Raise GradingError where the output folder holds the grades of another folder."""
    of, here = state / "submissions", str(folder.resolve())
    there = of.read_text(encoding="utf-8", errors="surrogateescape") if of.is_file() else here
    if there != here:
        raise GradingError(
            f"{state.parent} holds the grades of {there}, and would lose them. Give another --out,"
            f" or grade one folder with everything in it. If {there} was moved to {here}, delete"
            f" {of}."
        )
    for new in (state.parent, state):  # a new folder is closed to others on this machine
        new.mkdir(mode=0o700, parents=True, exist_ok=True)
    atomic.write(of, here.encode("utf-8", "surrogateescape"))


# One generator feeds all sandboxes, and reads a notebook only when its turn comes.
def _marked(
    papers: list[Paper],
    state: Path,
    jobs: int | None,
    scheduler: str | None,
    safe: bool,
    again: bool,
) -> tuple[list[Mark], list[Paper]]:
    """Return all marks, those kept from before and the new ones, and the papers with digests.

    A new mark is kept as it comes.
    """
    key, about = _key(state), _version()
    marks: list[Mark] = []
    read: list[Paper] = []
    used: set[Path] = set()

    def calls() -> Iterator:
        by_student = attrgetter("student")
        for student, own in groupby(sorted(papers, key=by_student), key=by_student):
            notebooks, unreadable = _contents(own)
            marks.extend(unreadable)
            together = sha256(b"".join(sorted({sha256(n).digest() for _, n in notebooks}))).digest()
            for paper, notebook in notebooks:
                read.append(replace(paper, digest=sha256(notebook).hexdigest()))
                texts = (str(safe), student, paper.name)
                parts = (about, together, notebook, *map(str.encode, texts))
                digest = sha256(b"\0".join(parts))
                kept = state / f"{digest.hexdigest()}.json"
                used.add(kept)
                if (found := _kept(kept, again)) is not None:
                    marks.extend(found)
                else:
                    kind = "main" if safe else "unsafe"
                    job = Job(student, paper.name, notebook, key, together, kind)
                    yield joblib.delayed(_mark)(job, str(kept))

    with _backend(scheduler), ProgressBar(total=len(papers), unit="notebook") as bar:
        backend = {} if scheduler else {"backend": "threading"}
        pool = joblib.Parallel(n_jobs=jobs or -1, return_as="generator_unordered", **backend)
        for kept, new in pool(calls()):
            atomic.write(Path(kept), json.dumps([asdict(mark) for mark in new]).encode())
            marks += new
            bar.update()
        bar.update(len(papers) - bar.n)
    for path in set(state.glob("*.json")) - used:  # of notebooks that are gone
        path.unlink()
    return marks, read


def _kept(path: Path, again: bool) -> list[Mark] | None:
    """Return the marks of a notebook that were kept; None where it is to be marked."""
    try:
        marks = [Mark(**row) for row in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError):  # none, or not a whole one
        return None
    return None if again and any(mark.status == REVIEW for mark in marks) else marks


def _contents(papers: Iterable[Paper]) -> tuple[list[tuple[Paper, bytes]], list[Mark]]:
    """Read each file of a student once, so that marks and digests are of the same content."""
    notebooks, unreadable = [], []
    for paper in papers:
        try:
            notebooks.append((paper, content(paper.path)))
        except extract.UnreadableError as error:
            row = (paper.student, paper.name, "", "", "unreadable", None, 0, str(error))
            unreadable.append(Mark(*row))
    return notebooks, unreadable


def _mark(job: Job, kept: str) -> tuple[str, list[Mark]]:
    return kept, mark.mark(job)


@contextmanager
def _backend(scheduler: str | None) -> Iterator[None]:
    """Let joblib work here, or on a Dask cluster whose workers all have a sandbox without gaps."""
    if scheduler is None:
        yield
        return
    try:
        from distributed import Client
    except ImportError as error:
        raise GradingError(
            'Grading on a Dask cluster needs its client: pip install "distributed>=2024.1".'
        ) from error
    with Client(scheduler, timeout="30s") as client:
        client.run(sandbox.check)
        with joblib.parallel_config(backend="dask"):
            yield


def _key(state: Path) -> bytes:
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = state / "key"
    if not path.exists():
        atomic.write(path, secrets.token_bytes(32))
    path.chmod(0o600)
    return path.read_bytes()


def _version() -> bytes:
    """Return a digest of what decides on marks beside the notebook: the grader, the versions of
    Python and of what a sandbox holds, and the lessons' own cells.

    Where it has changed, everything is marked again. On a cluster these are the workers', and this
    digest is of the machine that asks.
    """
    roots: Iterable[Path] = (Path(exercises.__file__).parent, Path(__file__).parent)
    files = [Path(names.__file__), *(path for root in roots for path in sorted(root.rglob("*.py")))]
    versions = [sys.version, *map(importlib.metadata.version, HELD)]
    beside = json.dumps([versions, mark.lesson_cells()], sort_keys=True).encode()
    return sha256(b"".join([beside, *(path.read_bytes() for path in files)])).digest()

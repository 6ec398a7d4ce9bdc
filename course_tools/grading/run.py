"""`course grade`: every notebook in a folder → points, reasons, and a page of feedback per student.

What was marked is kept in the output folder, so that the same command goes on after a break and
marks only what is new.
"""

import errno
import json
import os
import re
import secrets
import stat
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path

import joblib

from course_tools.grading import extract, mark, report, sandbox
from course_tools.grading.mark import REVIEW, Job, Mark, printable
from course_utils import atomic, exercises
from course_utils.errors import CourseError
from course_utils.exercises import catalogue
from course_utils.training.progress import ProgressBar

MOST = 20  # notebooks of one student that are read
DEEP, ENTRIES = 8, 10_000  # of a student's folder: levels, and things in it
STATE = ".state"  # in the output folder: the key of the inputs, and the marks of every notebook


class GradingError(CourseError):
    """Why nothing was graded, and what to do."""


@dataclass(frozen=True)
class Paper:
    """A file that a student handed in. name: as it is shown."""

    student: str
    name: str
    path: Path


def grade(
    folder: Path,
    out: Path,
    *,
    jobs: int | None = None,
    scheduler: str | None = None,
    safe: bool = True,
) -> int:
    """Mark all notebooks of a folder and write tables and feedback to `out`. Returns the exit code.

    folder: a folder per student, or notebooks named by student. jobs: sandboxes at a time (default:
    one per core). scheduler: the address of a Dask scheduler, whose workers do the marking. safe:
    False runs the code without a sandbox. Raises GradingError or `sandbox.SandboxError`.
    """
    if catalogue.HANDOUT.exists():
        raise GradingError(
            "This is a class repository, which holds no answers. Grade with the course it was made"
            " from."
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
    if out.resolve().is_relative_to(folder.resolve()):
        raise GradingError(
            f"{out} lies inside {folder}, where it would be taken for a student. Give another"
            " --out."
        )
    papers, problems, passed_over = collect(folder)
    if not papers and not problems:
        raise GradingError(
            f"There is no notebook in {folder}. It should hold one folder per student, or notebooks"
            " named by student."
        )
    _belongs(out / STATE, folder)
    overrides = report.overrides(out)
    if safe and not scheduler:
        sandbox.check(folder, out)
    marks = [*problems, *_marked(papers, out / STATE, jobs, scheduler, safe)]
    report.write(out, report.best(marks), overrides, safe=safe)
    if passed_over:
        more = f" and {len(passed_over) - 20} more" * (len(passed_over) > 20)
        print(
            "Passed over, for they are neither notebooks nor folders:"
            f" {', '.join(passed_over[:20])}{more}."
        )
    return 0


def _belongs(state: Path, folder: Path) -> None:
    """An output folder is of one folder of submissions: what another one left there would be lost.
    Raises GradingError.
    """
    of, here = state / "submissions", str(folder.resolve())
    there = of.read_text(encoding="utf-8", errors="surrogateescape") if of.is_file() else here
    if there != here:
        raise GradingError(
            f"{state.parent} holds the grades of {there}, and would lose them. Give another --out,"
            f" or grade one folder with everything in it. If {there} was moved to {here}, delete"
            f" {of}."
        )
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    atomic.write(of, here.encode("utf-8", "surrogateescape"))


def collect(folder: Path) -> tuple[list[Paper], list[Mark], list[str]]:
    """The notebooks of a folder by student, marks for what cannot be one, and the names of what was
    passed over.

    Links are never followed. Raises GradingError where the folder cannot be read.
    """
    papers: list[Paper] = []
    passed_over: list[str] = []
    problems: list[Mark] = []
    owners: dict[str, str] = {}  # two names that only look different are not one student
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise GradingError(f"{folder} cannot be read: {error.strerror}.") from error
    for entry in entries:
        if entry.name.startswith(".") or entry.name == "__MACOSX":  # what a Mac adds to a zip file
            continue
        if entry.is_dir(follow_symlinks=False):
            student, found = shown(entry.name), list(_notebooks(Path(entry.path)))
            if not found:
                problems.append(
                    _undecided(student, "", "no notebook in the folder, or none that may be read.")
                )
            papers += [
                Paper(student, shown(str(path.relative_to(entry.path))), path) for path in found
            ]
        elif entry.name.lower().endswith(".ipynb"):
            student = re.sub(r"^0[1-9][_-](?=.)", "", shown(entry.name[: -len(".ipynb")]))
            papers.append(Paper(student, shown(entry.name), Path(entry.path)))
        else:
            passed_over.append(shown(entry.name))
            continue
        if owners.setdefault(_same(student), student) != student:
            problems.append(
                _undecided(
                    student,
                    "",
                    f"the name cannot be told from {owners[_same(student)]}: rename one of them.",
                )
            )
    kept: list[Paper] = []
    count = Counter[str]()
    for paper in papers:
        count[paper.student] += 1
        if count[paper.student] <= MOST and owners[_same(paper.student)] == paper.student:
            kept.append(paper)
    problems += [
        _undecided(name, "", f"{n} notebooks; the first {MOST} were read.")
        for name, n in count.items()
        if n > MOST
    ]
    return kept, problems, passed_over


def shown(name: str) -> str:
    """A file's name as printable text, whatever bytes it has; no two names give the same text."""
    return printable(os.fsencode(name.replace("\\", r"\x5c")).decode("utf-8", "backslashreplace"))


def _same(student: str) -> str:
    """Equal for names that some file systems, and most readers, take for one."""
    return unicodedata.normalize("NFC", student).casefold()


def _undecided(student: str, file: str, reason: str) -> Mark:
    return Mark(student, file, "", "", REVIEW, None, 0, reason)


def content(path: Path) -> bytes:
    """The bytes of a plain file that is not too large.

    Raises `UnreadableError` for links, devices, pipes, and whatever else.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            about = os.fstat(handle)
            if not stat.S_ISREG(about.st_mode):
                raise extract.UnreadableError(f"{shown(path.name)} is not a plain file.")
            if about.st_size > extract.LARGEST:
                raise extract.UnreadableError(extract.too_large(shown(path.name), about.st_size))
            return file.read(extract.LARGEST)
    except OSError as error:
        link = error.errno == errno.ELOOP
        reason = (
            "is a link, and links are not followed" if link else f"cannot be read: {error.strerror}"
        )
        raise extract.UnreadableError(f"{shown(path.name)} {reason}.") from error


def _notebooks(folder: Path) -> Iterator[Path]:
    """Notebooks in a student's folder: not deeper than DEEP, among the first ENTRIES things that
    are there.
    """
    left, level = ENTRIES, [folder]
    for _ in range(DEEP):
        below: list[Path] = []
        for inside in level:
            try:
                with os.scandir(inside) as entries:
                    found = sorted(islice(entries, left), key=lambda entry: entry.name)
            except OSError:
                continue
            left -= len(found)
            for entry in found:
                if entry.name.startswith("."):  # .ipynb_checkpoints among them
                    continue
                if entry.is_dir(follow_symlinks=False):
                    below.append(Path(entry.path))
                elif entry.name.lower().endswith(".ipynb"):
                    yield Path(entry.path)
        level = below


def _marked(
    papers: list[Paper], state: Path, jobs: int | None, scheduler: str | None, safe: bool
) -> list[Mark]:
    """All marks: those kept from before, and the new ones as they come, each kept at once."""
    key, about = _key(state), _version()
    marks: list[Mark] = []
    used: set[Path] = set()

    def calls() -> Iterator:
        for paper in papers:
            try:
                notebook = content(paper.path)  # read once: what is marked is what the digest is of
            except extract.UnreadableError as error:
                marks.append(
                    Mark(paper.student, paper.name, "", "", "unreadable", None, 0, str(error))
                )
                continue
            digest = sha256(
                b"\0".join(
                    [
                        about,
                        str(safe).encode(),
                        paper.student.encode(),
                        paper.name.encode(),
                        notebook,
                    ]
                )
            )
            kept = state / f"{digest.hexdigest()}.json"
            used.add(kept)
            try:
                marks.extend([Mark(**row) for row in json.loads(kept.read_text(encoding="utf-8"))])
            except (OSError, ValueError, TypeError):  # none, or not a whole one
                yield joblib.delayed(_mark)(
                    Job(paper.student, paper.name, notebook, key, safe), str(kept)
                )

    with _backend(scheduler), ProgressBar(total=len(papers), unit="notebook") as bar:
        backend = {} if scheduler else {"backend": "threading"}
        pool = joblib.Parallel(n_jobs=jobs or -1, return_as="generator_unordered", **backend)
        for kept, new in pool(calls()):
            if not any(mark.status == REVIEW for mark in new):
                atomic.write(Path(kept), json.dumps([asdict(mark) for mark in new]).encode())
            marks += new
            bar.update()
        bar.update(len(papers) - bar.n)
    for path in set(state.glob("*.json")) - used:  # of notebooks that are gone
        path.unlink()
    return marks


def _mark(job: Job, kept: str) -> tuple[str, list[Mark]]:
    return kept, mark.mark(job)


@contextmanager
def _backend(scheduler: str | None) -> Iterator[None]:
    """Where joblib does its work: here, or on a Dask cluster, every worker of which has shown a
    tight sandbox.
    """
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
    """A digest of the code that decides on marks: what another one marked is marked again."""
    roots: Iterable[Path] = (Path(exercises.__file__).parent, Path(__file__).parent)
    return sha256(
        b"".join(path.read_bytes() for root in roots for path in sorted(root.rglob("*.py")))
    ).digest()

"""Mark one notebook.

The student's code runs elsewhere (`sandbox`); inputs are created and answers compared here. The
answer to a task is what the notebook passes to `verify`; without such a call, it is the last
function of the task's name. If that is not right, other places where the answer may stand are
tried, too: all of it is the student's own code, and the best try counts.
"""

import hashlib
import hmac
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from course_tools.grading import extract, protocol, sandbox
from course_tools.grading.inside import packing
from course_tools.grading.sandbox import Outcome, Reading, Try
from course_tools.publish import notebooks, student_version
from course_utils.exercises import TASKS, Result, Task
from course_utils.exercises.check import GRADED, compare
from course_utils.exercises.handout import pack
from course_utils.exercises.task import Round

REVIEW = "needs review"
ANSWERED, NO_ANSWER = "answered", "not answered"  # in words, which a person reads
CHECKS = 4  # only the last calls of `verify` for a task are tried, so that guessing does not pay
TRIES = 2 * (CHECKS + 1) + 2  # each of these places twice at most, and two hints of the process
NOTEBOOK = 900.0  # seconds by the clock, after which no further place of a notebook is tried
ENDS = {
    "time": f"it did not end within {sandbox.SECONDS:.0f} s of processor time, or waited in vain.",
    "exit": "it ended Python instead of returning.",
    "crash": "it crashed Python, or took more memory than there is for a task.",
    "size": f"what it returned is larger than {packing.MOST / 1e6:.0f} MB.",
    "forged": "what it sent is no answer.",
}
# Ends that are the machine's fault: a person decides, unless the answer is right in another place.
MACHINE = {
    "slow": f"it had not ended after {sandbox.WALL:.0f} s; fewer --jobs give each one more of the"
    " machine.",
    "killed": "it was killed from outside, as happens where the machine has no memory left.",
    "overdue": f"the notebook has {NOTEBOOK / 60:.0f} minutes, and they were over before all places"
    " of this answer had been tried.",
}
LOST = "cells above it end Python or take too long, so it could not be reached."
MISSING = "it is not in the notebook."
ABSENT = (
    "There are PyTorch, NumPy, SciPy and Python's own modules, what the notebook itself defines,"
    " one process and one thread."
)


@dataclass(frozen=True)
class Job:
    """A notebook to mark.

    Attributes:
        student: name of the student.
        file: name of the notebook.
        notebook: its content.
        key: makes the inputs differ between students and after every change of what they handed in;
            else the reasons for a first attempt would give away right answers.
        handed_in: a digest of all files of the student, so that twenty copies of a notebook get the
            same inputs, not twenty different ones.
        kind: as in `sandbox.reading`.
    """

    student: str
    file: str
    notebook: bytes
    key: bytes
    handed_in: bytes = b""
    kind: str = "main"


@dataclass(frozen=True)
class Mark:
    """The points of one task of one student, and the reason.

    Attributes:
        student: name of the student.
        file: name of the notebook.
        lesson: number of the lesson.
        task: name of the task, or tag of a question that is answered in words.
        status: "right", "wrong", "not started", "unreadable", `REVIEW`, `ANSWERED` or `NO_ANSWER`.
        points: None where a person has to decide.
        of: points that the task gives; 0 for an answer in words, until a person has marked it.
        reason: a sentence.
        source: the student's code, or the answer in words.
    """

    student: str
    file: str
    lesson: str
    task: str
    status: str
    points: float | None
    of: int
    reason: str
    source: str = ""

    def __post_init__(self) -> None:
        """Shorten what comes from the student, and make it printable: it may break a table."""
        object.__setattr__(self, "reason", printable(self.reason[:1000]))
        object.__setattr__(
            self, "source", self.source[:20_000].encode("utf-8", "backslashreplace").decode()
        )

    @property
    def needs_review(self) -> bool:
        """Whether a person has to look at it: nothing could be decided, or not even read."""
        return self.status in (REVIEW, "unreadable")


@dataclass(frozen=True)
class Verdict:
    """The result of one try.

    Attributes:
        result: status, points and message.
        compared: whether the function returned something on every input.
        outside: whether the reason lies in other cells, or in what a grader does not have.
        needs: whether the answer needs a value that the lesson's own cells compute.
        machine: whether the machine was at fault.
    """

    result: Result
    compared: bool = False
    outside: bool = False
    needs: bool = False
    machine: bool = False


def printable(text: str) -> str:
    """Return text with escapes in place of characters that cannot be printed."""
    return "".join(letter if letter.isprintable() else _escape(letter) for letter in text)


def _escape(letter: str) -> str:
    """Return an escape of a fixed length, so that what follows it is never read as part of it."""
    return f"\\u{ord(letter):04x}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08x}"


def mark(job: Job) -> list[Mark]:
    """Return the marks of one notebook.

    It never raises an error: a failure of the grader is a mark that needs review.

    Args:
        job: the notebook.
    """

    def undecided(status: str, reason: str) -> list[Mark]:
        return [Mark(job.student, job.file, "", "", status, None, 0, reason)]

    lost = f"the sandbox ended early while {job.file} was read"
    marks: dict[str, Mark] = {}
    end = time.monotonic() + NOTEBOOK
    try:
        lessons = {task.name: task.lesson for task in TASKS.values()}
        about = (job.notebook, job.file, lessons, lesson_cells())
        # A task that ends the sandbox costs only its own points: the next one gets a new sandbox.
        while True:
            with sandbox.reading(*about, kind=job.kind) as seen:
                if seen.unreadable:
                    return undecided("unreadable", seen.unreadable)
                if not seen.lessons:
                    return undecided("unreadable", f"{job.file} holds none of the course's tasks.")
                for name in [name for name in seen.tasks if name not in marks]:
                    marks[name], alive = _marked(job, TASKS[name], seen, end)
                    if not alive:
                        break
                else:
                    return [*(marks[name] for name in seen.tasks), *_in_words(job, seen)]
    except sandbox.SandboxLostError:
        return undecided(REVIEW, lost)
    except Exception as error:
        reason = f"the grader failed: {type(error).__name__}: {error}"
        return undecided(REVIEW, reason[:300])


# Python counts the depth of what it parses for all threads together, so `ast.parse` fails now and
# then where two of them parse at once.
_parsing = threading.Lock()


def lesson_cells() -> dict:
    """Return digests of the lessons' own cells, solved and as handed out, where they are here, and
    the questions that are answered in words.
    """
    with _parsing:
        return _lesson_cells()


@cache
def _lesson_cells() -> dict:
    folder = notebooks.ROOT / "notebooks"
    open_ones = [extract.read(path) for path in student_version.handed_out()]
    solved = [extract.read(path) for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))]
    own = extract.fingerprints([*solved, *open_ones], TASKS)
    return own | extract.questions(open_ones)


def _in_words(job: Job, seen: Reading) -> list[Mark]:
    """Return a mark for every question that is answered in words; a person gives the points."""
    found = []
    for tag in lesson_cells()["asked"]:
        task = TASKS.get(tag.removeprefix(extract.THINK))
        if task and task.lesson in seen.lessons:
            text = seen.answers.get(tag, "")
            status = ANSWERED if text else NO_ANSWER
            points, reason = (None, "not marked yet.") if text else (0, "no answer.")
            about = (task.lesson, tag, status, points, 0, reason, text)
            found.append(Mark(job.student, job.file, *about))
    return found


def _marked(job: Job, task: Task, seen: Reading, end: float) -> tuple[Mark, bool]:
    """Return the mark of one task, and whether its sandbox is still alive."""
    found, alive = seen.tasks[task.name], True
    try:
        result = _best(task, found, seen, list(_verdicts(job, task, found, seen, end)))
    except sandbox.SandboxLostError:
        result, alive = Result(task.name, REVIEW, "it ended the sandbox.", 0, task.points), False
    points = None if result.status == REVIEW else result.points
    about = (task.lesson, task.name, result.status, points, task.points, result.message)
    return Mark(job.student, job.file, *about, found.source), alive


def _verdicts(
    job: Job, task: Task, found: extract.Found, seen: Reading, end: float
) -> Iterator[Verdict]:
    """Yield the verdict on each try of a task, until one is right or the time is up.

    A try can name another place. That comes from the student's process, so no try is made twice,
    and there are at most `TRIES`.
    """
    if not found.checks and not found.named:
        return
    rounds = task.rounds(_generator(job, task), GRADED)
    arrays: dict[str, np.ndarray] = {}
    packed = [
        {key: pack(f"{i}/{key}", value, arrays) for key, value in each.inputs.items()}
        for i, each in enumerate(rounds)
    ]
    waiting = [Try(place) for place in found.checks[: -CHECKS - 1 : -1]] + [Try(extract.AT_END)]
    tried: set[Try] = set()
    while waiting and len(tried) < TRIES:
        chosen = waiting.pop(0)
        if chosen in tried:
            continue
        if time.monotonic() > end:
            yield _verdict(task, Outcome("overdue"), rounds)
            return
        tried.add(chosen)
        outcome = seen.run(task.name, chosen, packed, arrays)
        verdict = _verdict(task, outcome, rounds)
        yield verdict
        if verdict.result.points == task.points:
            return
        if verdict.needs and not chosen.everything:
            waiting.insert(0, Try(chosen.place, chosen.until, everything=True))
        # The statement that called `verify` for the task in a loop, or by another name.
        checked = outcome.header.get("checked")
        known = chosen.place != extract.AT_END or checked in found.checks
        if not known and type(checked) is int and checked >= 0:
            waiting.append(Try(checked))
        cell = outcome.header.get("cell")
        last = not waiting and chosen.until is None and not found.checks
        if last and type(cell) is int and cell >= 0:
            waiting.append(Try(extract.AT_END, until=cell))


def _best(task: Task, found: extract.Found, seen: Reading, tried: list[Verdict]) -> Result:
    """Return the verdict that counts.

    A person decides if none is right and the machine was at fault in one, or if none could be
    compared and one failed for another reason outside the answer.
    """
    here = f"Python {sys.version_info[0]}.{sys.version_info[1]}"
    if found.broken and not any(v.compared or v.machine for v in tried):
        if not seen.python or seen.python > sys.version_info[:2]:
            wrote = ".".join(map(str, seen.python)) or "an unknown Python"
            why = f"its cell is not valid {here}, which grades here; it was written with {wrote}."
            return Result(task.name, REVIEW, why, 0, task.points)
        return _wrong(task, f"its cell is not valid {here}.")
    if not tried:
        return _wrong(task, MISSING)
    compared = [verdict for verdict in tried if verdict.compared]
    begun = [verdict for verdict in tried if verdict.result.status != "not started"]
    best = max(compared or begun or tried, key=lambda verdict: verdict.result.points).result
    undecided = [
        verdict for verdict in tried if verdict.machine or (verdict.outside and not compared)
    ]
    if undecided and best.points < task.points:
        return Result(task.name, REVIEW, undecided[0].result.message, 0, task.points)
    return best


def _wrong(task: Task, why: str) -> Result:
    return Result(task.name, "wrong", why, 0, task.points)


def _generator(job: Job, task: Task) -> torch.Generator:
    digest = job.handed_in or hashlib.sha256(job.notebook).digest()
    about = f"{job.student}\0{task.name}\0".encode() + digest
    seed = hmac.digest(job.key, about, hashlib.sha256)
    return torch.Generator().manual_seed(int.from_bytes(seed[:8], "little") >> 1)


def _verdict(task: Task, outcome: Outcome, rounds: list[Round]) -> Verdict:
    """Return the verdict on one try. Nothing in the header is to be trusted."""
    if outcome.ended in MACHINE:
        return Verdict(_wrong(task, MACHINE[outcome.ended]), machine=True)
    if outcome.ended == "lost":
        return Verdict(_wrong(task, LOST), outside=True)
    if outcome.ended != "answer":
        return Verdict(_wrong(task, ENDS.get(outcome.ended, ENDS["forged"])), compared=True)
    header = outcome.header
    if "missing" in header:
        return _missing(task, header)
    if isinstance(header.get("error"), str):
        return _stopped(task, header)
    try:
        answers = [_returned(value, outcome.arrays) for value in header["values"]]
        if len(answers) != len(rounds):
            raise protocol.ProtocolError
    except (KeyError, TypeError, ValueError):
        return Verdict(_wrong(task, ENDS["forged"]), compared=True)
    return Verdict(compare(task, rounds, answers), compared=True)


def _missing(task: Task, header: dict) -> Verdict:
    """Return the verdict where the notebook has nothing that could be called."""
    kind, why = _why(header)
    if kind:
        message = f"there is no function of this name: {why}."
        outside = kind not in ("import", "answer")
        return Verdict(_wrong(task, message), outside=outside, needs=kind == "course")
    if isinstance(header["missing"], str):
        return Verdict(_wrong(task, f"expected a function, got a {header['missing'][:40]}."))
    return Verdict(_wrong(task, "there is no function of this name."))


def _stopped(task: Task, header: dict) -> Verdict:
    """Return the verdict on a function that raised an error."""
    if header.get("stub") is True:
        return Verdict(Result(task.name, "not started", "not started", 0, task.points))
    error = header["error"][:300]
    kind, why = _why(header)
    if kind:
        message = f"your function needs `{str(header.get('name'))[:60]}`: {why}."
        message += f" {ABSENT}" * (kind == "import")
        return Verdict(_wrong(task, message), outside=kind != "import", needs=kind == "course")
    lacks = error.startswith(("ModuleNotFoundError", "ImportError", "NameError"))
    lacks = lacks or error.startswith("RuntimeError: can't start new thread")
    message = f"your function stopped with {error}." + f" {ABSENT}" * lacks
    return Verdict(_wrong(task, message), compared=True)


def _why(header: dict) -> tuple[str, str]:
    """Return why a name is missing, as the student's process says: its kind, and a clause."""
    why = header.get("why")
    if isinstance(why, list) and len(why) == 2 and all(isinstance(part, str) for part in why):
        return (why[0], why[1][:300])
    return ("", "")


def _returned(value: dict, arrays: dict[str, np.ndarray]) -> object:
    """Return a returned array; for anything else an object of the same kind, for `compare`."""
    if "array" in value:
        return arrays[value["array"]]
    if value["none"] is True:
        return None
    bases = tuple(base for base in (list, tuple) if base.__name__ in value["base"])[:1]
    return type(
        str(value["type"])[:40] or "thing",
        bases,
        {name: None for name in ("values", "indices") if name in value["fields"]},
    )()

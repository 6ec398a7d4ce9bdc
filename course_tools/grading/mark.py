"""One notebook → its marks.

The student's code runs elsewhere (`sandbox`); inputs are made and answers compared here. The answer
to a task is what stands where the notebook calls `verify` for it; without such a call, the last
function of its name. If that is not right, the other places where it may stand are tried, too: all
of it is the student's own code, and the best try counts.
"""

import hashlib
import hmac
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import torch

from course_tools.grading import extract, protocol, sandbox
from course_tools.grading.inside import packing
from course_tools.grading.sandbox import Outcome, Reading, Try
from course_tools.publish import notebooks
from course_utils.exercises import TASKS, Result, Task
from course_utils.exercises.check import GRADED, compare
from course_utils.exercises.handout import pack
from course_utils.exercises.task import Round

REVIEW = "needs review"
CHECKS = 4  # calls of `verify` for one task that are tried, the last ones: no guessing game
ENDS = {
    "time": f"it did not end within {sandbox.SECONDS:.0f} s of a processor, or waited in vain.",
    "exit": "it ended Python instead of returning.",
    "crash": "it crashed Python, or took more memory than there is for a task.",
    "size": f"what it returned is larger than {packing.MOST / 1e6:.0f} MB.",
    "forged": "what it sent is no answer.",
}
# How a run ended that says nothing of the answer: a person decides.
UNDECIDED = {
    "slow": f"it had not ended after {sandbox.WALL:.0f} s; fewer --jobs give each one more of the"
    " machine.",
    "lost": "cells above it end Python or take too long, so it could not be reached.",
}
MISSING = "it is not in the notebook."
ABSENT = (
    "There are PyTorch, NumPy, SciPy and Python's own modules, what the notebook itself defines,"
    " one process and one thread."
)


@dataclass(frozen=True)
class Job:
    """A notebook to mark.

    key: makes the inputs, other ones for every student and for every change of what they handed
    in: the reasons of a first attempt tell right answers. handed_in: a digest of all files of the
    student, so that twenty copies of a notebook are one draw, not twenty. kind: as in
    `sandbox.reading`.
    """

    student: str
    file: str
    notebook: bytes
    key: bytes
    handed_in: bytes = b""
    kind: str = "main"


@dataclass(frozen=True)
class Mark:
    """What one task of one student is worth, and why.

    points: None where a person has to decide. source: the student's code.
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
        """What came from a student is cut, and printable: it may be meant to break a table."""
        object.__setattr__(self, "reason", printable(self.reason[:1000]))
        object.__setattr__(
            self, "source", self.source[:20_000].encode("utf-8", "backslashreplace").decode()
        )


@dataclass(frozen=True)
class Verdict:
    """What one try is worth. compared: whether the function returned something on every input.
    outside: whether the reason lies outside the answer, so that a person has to decide.
    needs: whether it needs a value that the lesson's own cells make.
    """

    result: Result
    compared: bool = False
    outside: bool = False
    needs: bool = False


def printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)


def mark(job: Job) -> list[Mark]:
    """The marks of one notebook. Never raises: a failure of ours is a mark that needs review."""

    def undecided(status: str, reason: str) -> list[Mark]:
        return [Mark(job.student, job.file, "", "", status, None, 0, reason)]

    lost = f"the sandbox ended early while {job.file} was read"
    marks: dict[str, Mark] = {}
    try:
        lessons = {task.name: task.lesson for task in TASKS.values()}
        about = (job.notebook, job.file, lessons, lesson_cells())
        while True:  # what ends the sandbox costs its own task alone: the next gets another one
            with sandbox.reading(*about, kind=job.kind) as seen:
                if seen.unreadable:
                    return undecided("unreadable", seen.unreadable)
                if not seen.lessons:
                    return undecided("unreadable", f"{job.file} holds none of the course's tasks.")
                for name in [name for name in seen.tasks if name not in marks]:
                    marks[name], alive = _marked(job, TASKS[name], seen)
                    if not alive:
                        break
                else:
                    return [marks[name] for name in seen.tasks]
    except sandbox.SandboxLostError:
        return undecided(REVIEW, lost)
    except Exception as error:
        reason = f"the grader failed: {type(error).__name__}: {error}"
        return undecided(REVIEW, reason[:300])


@cache
def lesson_cells() -> dict:
    """Digests of the lessons' own cells, solved and handed out, as far as they are here."""
    folder = notebooks.ROOT / "notebooks"
    paths = [*sorted(folder.glob("*.ipynb")), *sorted((folder / "student").glob("*.ipynb"))]
    return extract.fingerprints(map(extract.read, paths), TASKS)


def _marked(job: Job, task: Task, seen: Reading) -> tuple[Mark, bool]:
    """The mark of one task, and whether its sandbox is still there."""
    found, alive = seen.tasks[task.name], True
    try:
        result = _best(task, found, seen, list(_verdicts(job, task, found, seen)))
    except sandbox.SandboxLostError:
        result, alive = Result(task.name, REVIEW, "it ended the sandbox.", 0, task.points), False
    points = None if result.status == REVIEW else result.points
    about = (task.lesson, task.name, result.status, points, task.points, result.message)
    return Mark(job.student, job.file, *about, found.source), alive


def _verdicts(job: Job, task: Task, found: extract.Found, seen: Reading) -> Iterator[Verdict]:
    """The tries of a task, until one is right."""
    if not found.checks and not found.named:
        return
    rounds = task.rounds(_generator(job, task), GRADED)
    arrays: dict[str, np.ndarray] = {}
    packed = [
        {key: pack(f"{i}/{key}", value, arrays) for key, value in each.inputs.items()}
        for i, each in enumerate(rounds)
    ]
    waiting = [Try(place) for place in found.checks[: -CHECKS - 1 : -1]] + [Try(extract.AT_END)]
    while waiting:
        chosen = waiting.pop(0)
        outcome = seen.run(task.name, chosen, packed, arrays)
        verdict = _verdict(task, outcome, rounds)
        yield verdict
        if verdict.result.points == task.points:
            return
        if verdict.needs and not chosen.everything:
            waiting.insert(0, Try(chosen.place, chosen.until, everything=True))
        checked = outcome.header.get("checked")  # in a loop, or by another name
        known = chosen.place != extract.AT_END or checked in found.checks
        if not known and type(checked) is int and checked >= 0:
            waiting.append(Try(checked))
        cell = outcome.header.get("cell")
        last = not waiting and chosen.until is None and not found.checks
        if last and type(cell) is int and cell >= 0:
            waiting.append(Try(extract.AT_END, until=cell))


def _best(task: Task, found: extract.Found, seen: Reading, tried: list[Verdict]) -> Result:
    """The verdict that counts. If no try could be compared, and one broke for a reason outside the
    answer, a person decides.
    """
    here = f"Python {sys.version_info[0]}.{sys.version_info[1]}"
    if found.broken and not any(v.compared for v in tried):
        if not seen.python or seen.python > sys.version_info[:2]:
            wrote = ".".join(map(str, seen.python)) or "an unknown Python"
            why = f"its cell is not valid {here}, which grades here; it was written with {wrote}."
            return Result(task.name, REVIEW, why, 0, task.points)
        return _wrong(task, f"its cell is not valid {here}.")
    if not tried:
        return _wrong(task, MISSING)
    compared = [verdict for verdict in tried if verdict.compared]
    outside = [verdict for verdict in tried if verdict.outside]
    if not compared and outside:
        return Result(task.name, REVIEW, outside[0].result.message, 0, task.points)
    begun = [verdict for verdict in tried if verdict.result.status != "not started"]
    return max(compared or begun or tried, key=lambda verdict: verdict.result.points).result


def _wrong(task: Task, why: str) -> Result:
    return Result(task.name, "wrong", why, 0, task.points)


def _generator(job: Job, task: Task) -> torch.Generator:
    digest = job.handed_in or hashlib.sha256(job.notebook).digest()
    about = f"{job.student}\0{task.name}\0".encode() + digest
    seed = hmac.digest(job.key, about, hashlib.sha256)
    return torch.Generator().manual_seed(int.from_bytes(seed[:8], "little") >> 1)


def _verdict(task: Task, outcome: Outcome, rounds: list[Round]) -> Verdict:
    """What came of one try, in a sentence. Nothing in the header is to be believed."""
    if outcome.ended in UNDECIDED:
        return Verdict(_wrong(task, UNDECIDED[outcome.ended]), outside=True)
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
    """Nothing that could be called stands there."""
    kind, why = _why(header)
    if kind:
        message = f"there is no function of this name: {why}."
        outside = kind not in ("import", "answer")
        return Verdict(_wrong(task, message), outside=outside, needs=kind == "course")
    if isinstance(header["missing"], str):
        return Verdict(_wrong(task, f"expected a function, got a {header['missing'][:40]}."))
    return Verdict(_wrong(task, "there is no function of this name."))


def _stopped(task: Task, header: dict) -> Verdict:
    """The function raised an error."""
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
    """Why a name is missing, as the student's process says: its kind, and the sentence's end."""
    why = header.get("why")
    if isinstance(why, list) and len(why) == 2 and all(isinstance(part, str) for part in why):
        return (why[0], why[1][:300])
    return ("", "")


def _returned(value: dict, arrays: dict[str, np.ndarray]) -> object:
    """A returned array; for anything else a stand-in of the same kind, which the comparison can
    name.
    """
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

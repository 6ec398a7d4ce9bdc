"""One notebook → its marks.

The student's code runs in the sandbox; inputs are made and answers compared here.
"""

import hashlib
import hmac
import sys
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from course_tools.grading import extract, protocol, sandbox
from course_tools.grading.inside import run as inside
from course_utils.exercises import TASKS, Result, Task
from course_utils.exercises.check import compare
from course_utils.exercises.handout import pack
from course_utils.exercises.task import Round

REVIEW = "needs review"
ROUNDS = 6  # fresh inputs per task; twice as many as in `verify`
ENDS = {
    "time": f"it did not end within {sandbox.SECONDS:.0f} s of a processor.",
    "exit": "it ended Python instead of returning.",
    "crash": "it crashed Python, or took more memory than there is for a task.",
    "size": f"what it returned is larger than {inside.MOST / 1e6:.0f} MB.",
    "forged": "what it sent is no answer.",
}
ABSENT = (
    "There are PyTorch, NumPy and Python's own modules, what the notebook itself defines, one"
    " process and one thread."
)


@dataclass(frozen=True)
class Job:
    """A notebook to mark. key: makes the inputs, other ones for every notebook, and the same when
    it is marked again.

    Not the same for a second attempt: the reasons of the first one tell right answers.
    """

    student: str
    file: str
    notebook: bytes
    key: bytes
    safe: bool = True


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


def printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)


def mark(job: Job) -> list[Mark]:
    """The marks of one notebook. Never raises: a failure of ours is a mark that needs review."""
    rounds_of: dict[str, list[Round]] = {}

    def inputs(lesson: str) -> tuple[dict, dict]:
        arrays: dict[str, np.ndarray] = {}
        for task in _of(lesson):
            rounds_of[task.name] = task.rounds(_generator(job, task), ROUNDS)
        return {
            task: [
                _packed(f"{task}/{i}", round.inputs, arrays)
                for i, round in enumerate(rounds_of[task])
            ]
            for task in rounds_of
        }, arrays

    def undecided(status: str, reason: str) -> list[Mark]:
        return [Mark(job.student, job.file, "", "", status, None, 0, reason)]

    try:
        lessons = {task.name: task.lesson for task in TASKS.values()}
        seen = sandbox.visit(job.notebook, job.file, lessons, inputs, safe=job.safe)
        if seen.unreadable:
            return undecided("unreadable", seen.unreadable)
        if seen.lesson is None and seen.failure:
            return undecided(REVIEW, seen.failure)
        if seen.lesson is None:
            return undecided("unreadable", f"{job.file} holds none of the course's tasks.")
        return [_marked(job, task, seen, rounds_of.get(task.name, [])) for task in _of(seen.lesson)]
    except Exception as error:
        reason = f"the grader failed: {type(error).__name__}: {error}"
        return undecided(REVIEW, reason[:300])


def _marked(job: Job, task: Task, seen: sandbox.Visit, rounds: list[Round]) -> Mark:
    answer = seen.answers.get(task.name, extract.Answer(task.name, extract.MISSING))
    result = _verdict(task, answer, seen, rounds)
    points = None if result.status == REVIEW else result.points
    about = (task.lesson, task.name, result.status, points, task.points, result.message)
    return Mark(job.student, job.file, *about, answer.source)


def _of(lesson: str) -> list[Task]:
    return [task for task in TASKS.values() if task.lesson == lesson]


def _generator(job: Job, task: Task) -> torch.Generator:
    about = f"{job.student}\0{task.name}\0".encode() + hashlib.sha256(job.notebook).digest()
    digest = hmac.digest(job.key, about, hashlib.sha256)
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") >> 1)


def _packed(
    key: str, inputs: dict[str, object], arrays: dict[str, np.ndarray]
) -> dict[str, object]:
    return {name: pack(f"{key}/{name}", value, arrays) for name, value in inputs.items()}


def _verdict(
    task: Task, answer: extract.Answer, seen: sandbox.Visit, rounds: list[Round]
) -> Result:
    """What a task is worth, from what came out of the sandbox."""
    result = partial(Result, task.name, points=0, of=task.points)
    if answer.status == extract.NOT_STARTED:
        return result("not started", "not started")
    if answer.status == extract.MISSING:
        return result("wrong", "it is not in the notebook.")
    if answer.status == extract.BROKEN:
        ours = f"Python {sys.version_info[0]}.{sys.version_info[1]}"
        if seen.python > sys.version_info[:2]:
            theirs = ".".join(map(str, seen.python))
            return result(
                REVIEW,
                f"its cell is not valid {ours}, which grades here; it was written with {theirs}.",
            )
        return result("wrong", f"its cell is not valid {ours}.")
    ended = seen.ended.get(task.name)
    if ended is None:
        return result(REVIEW, seen.failure or "it was not run.")
    if ended == "slow":
        return result(
            REVIEW,
            f"it had not ended after {sandbox.WALL:.0f} s; fewer --jobs give each one more of the"
            " machine.",
        )
    if ended != "answer":
        return result("wrong", ENDS.get(ended, ENDS["forged"]))
    header, arrays = seen.returned[task.name]
    if isinstance(error := header.get("error"), str):
        if header.get("stub") is True:
            return result("not started", "not started")
        more = ", …" * (len(answer.course) > 3)
        course = (
            f" It uses {', '.join(answer.course[:3])}{more} of course_utils."
            if answer.course
            else ""
        )
        absent = (
            f"{course} {ABSENT}"
            if course
            or error.startswith(
                (
                    "ModuleNotFoundError",
                    "ImportError",
                    "NameError",
                    "RuntimeError: can't start new thread",
                )
            )
            else ""
        )
        return result("wrong", f"your function stopped with {error[:300]}.{absent}")
    try:
        answers = [_returned(value, arrays) for value in header["values"]]
        if len(answers) != len(rounds):
            raise protocol.ProtocolError
    except (KeyError, TypeError, ValueError):
        return result("wrong", ENDS["forged"])
    return compare(task, rounds, answers)


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

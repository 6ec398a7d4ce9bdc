"""`course try`: run an answer from a file through the spec of its task, on many fresh inputs.

Without --sandbox the file runs with your rights.
"""

import contextlib
import difflib
import json
import os
import random
import sys
import types
import warnings
from argparse import ArgumentTypeError, Namespace
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

HINT = " Hint: "  # what `compare` puts before a hint


def add_to(commands) -> None:
    """Declare the command."""
    command = commands.add_parser(
        "try", help="run an answer in a file through a task's spec, on many fresh inputs"
    )
    command.add_argument(
        "task", help="its name, e.g. auc; the file defines a function of this name"
    )
    command.add_argument(
        "file", type=Path, help="a Python file; without --sandbox it runs with your rights"
    )
    command.add_argument(
        "--seeds",
        type=_at_least_one,
        default=20,
        metavar="N",
        help="how often, each time on as many inputs as the grader takes (default: %(default)s)",
    )
    command.add_argument(
        "--json", action="store_true", help="the last line is an object: full, points, of, hints"
    )
    command.add_argument(
        "--sandbox", action="store_true", help="as the grader runs it, in bubblewrap"
    )
    command.set_defaults(run=run)


def run(chosen: Namespace) -> int:
    """Run the command and return the exit code."""
    from course_utils.errors import CourseError
    from course_utils.exercises import TASKS

    try:
        if chosen.task not in TASKS:
            close = difflib.get_close_matches(chosen.task, TASKS, n=1)
            known = f"did you mean {close[0]}?" if close else f"there are: {', '.join(TASKS)}"
            raise CourseError(f"There is no task {chosen.task}; {known}")
        with _printing_to_stderr():
            task, seeds = TASKS[chosen.task], range(chosen.seeds)
            if chosen.sandbox:
                outcome = in_sandbox(task, chosen.file, seeds)
            else:
                outcome = attempt(task, load(chosen.file, chosen.task), seeds)
    except CourseError as error:
        print(error, file=sys.stderr)
        return 2
    print(outcome)
    if chosen.json:
        print(json.dumps(outcome.summary(), ensure_ascii=False))
    return 0


@dataclass(frozen=True)
class Outcome:
    """What an answer earned, over all seeds.

    Attributes:
        task: name of the task.
        points: one number per seed.
        of: points that the task gives.
        hints: how often each hint was given.
        messages: the messages without a hint.
    """

    task: str
    points: tuple[float, ...]
    of: int
    hints: Counter[str]
    messages: tuple[str, ...]

    @property
    def full(self) -> float:
        """The share of seeds with full points."""
        return sum(points == self.of for points in self.points) / len(self.points)

    @property
    def mean(self) -> float:
        """The mean points."""
        return sum(self.points) / len(self.points)

    def summary(self) -> dict[str, object]:
        """Return what `--json` prints."""
        return {"full": self.full, "points": self.mean, "of": self.of, "hints": list(self.hints)}

    def __str__(self) -> str:
        n = len(self.points)
        lines = [
            f"{self.task}: full points in {sum(p == self.of for p in self.points)} of {n} seeds,"
            f" on average {self.mean:.3g} of {self.of}"
        ]
        lines += [f"{count:>5} × {hint}" for hint, count in self.hints.most_common()]
        if self.messages:
            lines.append(f"{len(self.messages):>5} × without a hint, e.g. {self.messages[0]}")
        return "\n".join(lines)


def load(path: Path, name: str) -> Callable:
    """Return a function of a Python file, which is run in a module of its own.

    Args:
        path: the file.
        name: of the function.

    Raises:
        CourseError: where the file cannot be read or run, or defines no such function.
    """
    from course_utils.errors import CourseError
    from course_utils.exercises.calling import described

    module = types.ModuleType("answer")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses and pickle look there
    try:
        exec(compile(path.read_bytes(), str(path), "exec"), vars(module))
    except OSError as error:
        if error.filename != str(path):
            raise CourseError(f"{path} cannot be imported: {described(error)}") from error
        raise CourseError(f"{path} cannot be read: {error.strerror}.") from error
    except (Exception, SystemExit) as error:
        raise CourseError(f"{path} cannot be imported: {described(error)}") from error
    answer = vars(module).get(name)
    if not callable(answer):
        raise CourseError(f"{path} defines no function {name}.")
    return answer


def attempt(task, answer: Callable, seeds) -> Outcome:
    """Return what an answer earns, for every seed on as many rounds as in the grader.

    Args:
        task: the task.
        answer: the function.
        seeds: of the inputs.
    """
    from course_utils.exercises.check import GRADED

    return tally(
        task, (verdict(task, answer, rounds_of(task, seed, GRADED), seed) for seed in seeds)
    )


def in_sandbox(task, path: Path, seeds) -> Outcome:
    """Return what the grader gives, as if the file were the only cell of a notebook.

    Args:
        task: the task.
        path: the file.
        seeds: of the inputs.

    Raises:
        CourseError: where the file cannot be read, or there is no sandbox.
    """
    from course_tools.grading import mark, sandbox
    from course_utils.errors import CourseError

    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CourseError(f"{path} cannot be read: {error}.") from error
    sandbox.check()
    cell = {"cell_type": "code", "metadata": {}, "source": source, "outputs": []}
    notebook = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4}).encode()
    results = []
    for seed in seeds:
        job = mark.Job("", path.name, notebook, str(seed).encode())
        marks = mark.mark(job)
        own = [each for each in marks if each.task == task.name]
        if not own and marks[0].status == mark.REVIEW:
            raise CourseError(f"{path} could not be tried: {marks[0].reason}.")
        if not own or own[0].reason == mark.MISSING:
            raise CourseError(f"{path} defines no function {task.name}.")
        results.append(own[0])
    return tally(task, results)


def tally(task, results: Iterable) -> Outcome:
    """Return the points, hints and messages of results or marks, one per seed."""
    points: list[float] = []
    hints: Counter[str] = Counter()
    messages: list[str] = []
    for result in results:
        points.append(result.points or 0)
        message = getattr(result, "message", None) or result.reason
        before, _, hint = message.partition(HINT)
        if hint:
            hints[hint] += 1
        elif result.status != "right":
            messages.append(before)
    return Outcome(task.name, tuple(points), task.points, hints, tuple(messages))


def rounds_of(task, seed: int, n: int) -> list:
    """Return n rounds of a task, the same for the same seed."""
    import torch

    return task.rounds(torch.Generator().manual_seed(seed), n)


def verdict(task, answer: Callable, rounds: list, seed: int):
    """Return the `Result` of an answer on given rounds; also of one that raises an error."""
    import numpy as np
    import torch

    from course_utils.exercises.calling import call, described, is_the_stub
    from course_utils.exercises.check import Result, compare, kept
    from course_utils.exercises.task import copied

    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            answers = [kept(call(answer, copied(each.inputs))) for each in rounds]
    except (Exception, SystemExit) as error:
        status = "not started" if is_the_stub(error) else "wrong"
        message = f"the function stopped with {described(error)}"
        return Result(task.name, status, message, 0, task.points)
    return compare(task, rounds, answers)


@contextlib.contextmanager
def _printing_to_stderr() -> Iterator[None]:
    """Send what an answer prints to stderr, by whatever way it prints."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        if sys.__stdout__:
            sys.__stdout__.flush()
        os.dup2(kept, 1)
        os.close(kept)


def _at_least_one(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise ArgumentTypeError(f"{text!r} is no number of seeds")
    return int(text)

"""Compare a student's function with a task."""

import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_utils.exercises.calling import call, described, is_the_stub
from course_utils.exercises.handout import Handout
from course_utils.exercises.task import Part, Round, Task, copied

ROUNDS = 3  # fresh inputs per check
# A grader takes twice as many rounds, and stops after LIMIT seconds of processor time; `verify`
# warns if a function would need SLOW seconds there.
GRADED, LIMIT, SLOW = 6, 30, 10.0
SYMBOLS = {"right": "✓", "wrong": "✗", "not started": "○"}


@dataclass(frozen=True)
class Result:
    """The outcome of one check. As text it is the line that the notebook shows.

    Attributes:
        task: name of the task.
        status: "right", "wrong" or "not started".
        message: what was right, or what was wrong and why.
        points: points earned.
        of: points that the task gives.
    """

    task: str
    status: str
    message: str
    points: int
    of: int

    def __str__(self) -> str:
        return f"{SYMBOLS[self.status]} {self.task}: {self.message}"

    def _repr_mimebundle_(self, **_: object) -> dict[str, str]:
        """Show nothing as the value of a cell; the plain text holds the points, for nbgrader."""
        return {"text/html": "", "text/plain": str(self.points)}


def check(task: Task | Handout, function: object, *, seed: int | None = None) -> Result:
    """Run a function on `ROUNDS` fresh inputs and compare its answers with the right ones.

    Args:
        task: the task, or its handout.
        function: the student's function.
        seed: of the inputs; default: random ones.
    """
    if not callable(function):
        return _wrong(
            task,
            f"expected a function, got {_kind(function)}. Keep the `def` line and write its body.",
        )
    with neutral():
        generator = torch.Generator()
        generator.manual_seed(seed) if seed is not None else generator.seed()
        rounds = task.rounds(generator, ROUNDS)
    answers = []
    started = time.process_time()
    for each in rounds:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                answers.append(kept(call(function, copied(each.inputs))))
        except (Exception, SystemExit) as error:
            if is_the_stub(error):
                left = (
                    ": the line `raise NotImplementedError()` still stands in your function"
                    if _has_body(function)
                    else ""
                )
                return Result(task.name, "not started", f"not started yet{left}", 0, task.points)
            return _wrong(task, f"your function stopped with {described(error)}")
    seconds = (time.process_time() - started) / ROUNDS * GRADED
    with neutral():
        result = compare(task, rounds, answers)
    if seconds < SLOW:
        return result
    slow = f" A grader runs it {GRADED} times, in about {seconds:.0f} s, and stops after {LIMIT} s."
    return replace(result, message=result.message + slow)


@contextmanager
def neutral() -> Iterator[None]:
    """Use the settings that PyTorch and NumPy start with, whatever the notebook has set since."""
    dtype = torch.get_default_dtype()
    with (
        torch.inference_mode(False), torch.enable_grad(), torch.device("cpu"),
        np.errstate(all="ignore"), warnings.catch_warnings(),
    ):  # fmt: skip
        warnings.simplefilter("ignore")
        torch.set_default_dtype(torch.float32)
        try:
            yield
        finally:
            torch.set_default_dtype(dtype)


def kept(value: object) -> object:
    """Return a copy of an answer: the function may fill the same tensor again at its next call."""
    try:
        if isinstance(value, Tensor):
            return value.detach().clone()
        return value.copy() if isinstance(value, np.ndarray) else value
    except Exception:  # such as a tensor without data
        return value


def compare(task: Task | Handout, rounds: Sequence[Round], answers: Sequence[object]) -> Result:
    """Return the verdict on a student's answers, part by part.

    A part earns its points if it is right in every round.

    Args:
        task: the task, or its handout.
        rounds: the rounds, with the right answers.
        answers: one answer per round.
    """
    parts = task.parts or (Part("", task.points, 0),)
    problems = [
        next(
            filter(
                None,
                (
                    _difference(task, a, r.expected, part)
                    for a, r in zip(answers, rounds, strict=True)
                ),
            ),
            None,
        )
        for part in parts
    ]
    points = sum(part.points for part, problem in zip(parts, problems, strict=True) if not problem)
    if points == task.points:
        return Result(
            task.name,
            "right",
            f"right, {points} of {points} point{'s' * (points > 1)}",
            points,
            points,
        )
    part, problem = next(
        (part, problem) for part, problem in zip(parts, problems, strict=True) if problem
    )
    scored = f"{points} of {task.points} points. {part.name}: " if points else ""
    return _wrong(task, scored + problem + _hint(task, rounds, answers), points)


def _has_body(function: object) -> bool:
    """Return whether a function uses any name beside that of the stub's exception."""
    code = getattr(function, "__code__", None)
    return bool(set(getattr(code, "co_names", ())) - {"NotImplementedError"})


def _wrong(task: Task | Handout, message: str, points: int = 0) -> Result:
    return Result(task.name, "wrong", message, points, task.points)


def _hint(task: Task | Handout, rounds: Sequence[Round], answers: Sequence[object]) -> str:
    """Return the hint of the first mistake that explains all answers, or of their relation.

    A mistake that explains them a thousand times more closely than the task demands goes first: two
    mistakes can be alike by chance, within what an answer in single precision is allowed.
    """
    arrays = [_array(answer) for answer in answers]
    given = [array for array in arrays if array is not None]
    if len(given) < len(answers):
        return ""  # no mistake is computed: none gives what is no array
    alike = ""
    for i, hint in enumerate(task.hints):
        distance = 0.0
        for each, answer in zip(rounds, given, strict=True):
            distance = max(distance, _distance(task, answer, each.mistaken(i)))
            if distance > 1:
                break
        if distance <= 1e-3:
            return f" Hint: {hint}"
        if distance <= 1 and not alike:
            alike = hint
    alike = alike or _relation(task, [each.expected for each in rounds], given) or ""
    return f" Hint: {alike}" if alike else ""


def _distance(task: Task | Handout, a: np.ndarray, mistaken: object) -> float:
    """Return how far an answer is from another one at most, in units of the task's tolerance.

    It is infinite where NaN or infinity are not in the same places.
    """
    b = _array(mistaken)
    if b is None or a.shape != b.shape:
        return np.inf
    with np.errstate(all="ignore"):
        distance = np.abs(a - b) / (task.atol + task.rtol * np.abs(b))
    equal = (a == b) | (np.isnan(a) & np.isnan(b))  # without it, ∞ − ∞ and 0/0 would be NaN
    worst = np.where(equal, 0.0, distance).max(initial=0.0)
    return np.inf if np.isnan(worst) else float(worst)


def _relation(
    task: Task | Handout, truths: list[np.ndarray], answers: list[np.ndarray]
) -> str | None:
    """Return a sentence if each answer is the truth transposed, times or plus a number."""
    pairs = list(zip(answers, truths, strict=True))
    if not all(np.isfinite(answer).all() for answer in answers):
        return None
    if all(
        (truth == np.round(truth)).all() for truth in truths
    ):  # whole numbers count or name something: a factor between them would be chance
        return None
    which = "every number" if truths[0].ndim else "the number"

    def equal(a: np.ndarray, b: np.ndarray) -> bool:
        return a.shape == b.shape and np.allclose(a, b, rtol=task.rtol, atol=task.atol)

    if all(answer.ndim == 2 and equal(answer.T, truth) for answer, truth in pairs):
        return "the right numbers, transposed."
    if any(answer.shape != truth.shape for answer, truth in pairs):
        return None
    answer, truth = (
        np.concatenate([np.ravel(value) for value in values]) for values in (answers, truths)
    )
    factor = answer @ truth / max(truth @ truth, 1e-300)  # least squares; the truth may be all 0
    if abs(factor) > 1e-6 and f"{factor:.4g}" != "1" and equal(answer, factor * truth):
        return f"{which} is {factor:.4g} times what it should be."
    offset = (answer - truth).mean()
    if equal(answer, truth + offset):
        return f"{which} is {abs(offset):.4g} too {'large' if offset > 0 else 'small'}."
    return None


def _difference(task: Task | Handout, answer: object, truth: np.ndarray, part: Part) -> str | None:
    """Return a sentence on what is wrong in a part of an answer; None if nothing is."""
    if answer is None:
        return "your function returned None. Is there a `return`?"
    got = _array(answer)
    if got is None:
        return f"expected {_shape(truth)}, got {_kind(answer)}{_instead(answer, truth)}."
    if got.shape != truth.shape:
        return f"expected {_shape(truth)}, got {_shape(got)}."
    shape = _shape(truth)
    if truth.ndim:
        got, truth = got[part.start : part.stop], truth[part.start : part.stop]
    if np.allclose(got, truth, rtol=task.rtol, atol=task.atol):
        return None
    if not np.isfinite(got).all():
        return f"your answer holds {'NaN' if np.isnan(got).any() else 'infinity'}."
    difference = np.abs(got - truth)
    worst = np.unravel_index(difference.argmax(), truth.shape)
    numbers = f"expected {truth[worst]:.6g}, got {got[worst]:.6g}"
    if truth.ndim == 0:
        return f"{numbers}, difference {difference.max():.3g}."
    where = ", ".join(
        str(int(i) + (part.start if axis == 0 else 0)) for axis, i in enumerate(worst)
    )
    wrong = int((~np.isclose(got, truth, rtol=task.rtol, atol=task.atol)).sum())
    if truth.size == 1:
        return f"at [{where}] {numbers}, difference {difference.max():.3g}."
    many = f"{wrong} of {truth.size} numbers {'is' if wrong == 1 else 'are'} wrong"
    which = f"{shape} is right, {many}" if not part.name else many
    return f"{which}; largest difference {difference.max():.3g} at [{where}]: {numbers}."


def _array(value: object) -> np.ndarray | None:
    """Return a real number, array or tensor as a float64 array; None for anything else."""
    if type(value) is np.ndarray and value.dtype == np.float64:
        return value
    if isinstance(value, bool) or not isinstance(
        value, Tensor | np.ndarray | np.number | int | float
    ):
        return None
    try:
        array: Any = np.ma.asarray(value.numpy(force=True) if isinstance(value, Tensor) else value)
        return (
            array.filled().astype(np.float64)
            if array.dtype.kind in "fiu" and not array.mask.any()
            else None
        )
    except Exception:  # sparse, quantized, on no device at all, or larger than a float
        return None


def _shape(value: np.ndarray) -> str:
    return "a single number" if value.ndim == 0 else f"shape {tuple(value.shape)}"


def _kind(value: object) -> str:
    if isinstance(value, Tensor | np.ndarray):
        return f"shape {tuple(value.shape)} of {str(value.dtype).removeprefix('torch.')}"
    kind = type(value).__name__
    return "None" if value is None else f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _instead(value: object, truth: np.ndarray) -> str:
    """Return what to do about an answer that is no tensor of real numbers."""
    if isinstance(value, Tensor | np.ndarray):
        kind = str(value.dtype)
        return (
            ": take `.real`"
            if "complex" in kind
            else ": truth values, still to be counted or averaged" * ("bool" in kind)
        )
    if hasattr(value, "values") and hasattr(value, "indices"):
        return ", which is a pair: take its `.values` or its `.indices`"
    if not isinstance(value, list | tuple):
        return ""
    return (
        ": make it a tensor, by torch.stack from tensors or torch.tensor from numbers"
        if truth.ndim
        else ""
    )

"""The comparison of a student's function with a task."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from course_utils.exercises.spec import Task

ROUNDS = 3  # fresh inputs per check
SYMBOLS = {"right": "✓", "wrong": "✗", "not started": "○"}


@dataclass(frozen=True)
class Result:
    """Outcome of one check. status: "right", "wrong" or "not started"; str() is the line that the notebook shows."""

    task: str
    status: str
    message: str
    points: int
    of: int

    def __str__(self) -> str:
        return f"{SYMBOLS[self.status]} {self.task}: {self.message}"

    def _ipython_display_(self) -> None:
        """Nothing: the line is printed already, and a notebook would echo the last value of a cell."""


def check(task: Task, function: object, *, seed: int | None = None) -> Result:
    """Run `function` and the reference on `ROUNDS` fresh inputs and compare. `seed` fixes the inputs, for tests."""
    if not callable(function):
        return _wrong(task, f"expected a function, got {_kind(function)}. Keep the `def` line and write its body.")
    generator = torch.Generator()
    generator.manual_seed(seed) if seed is not None else generator.seed()
    rounds = [task.inputs(generator) for _ in range(ROUNDS)]
    answers = []
    for inputs in rounds:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                answers.append(function(**_copy(inputs)))
        except (Exception, SystemExit) as error:
            if type(error) is NotImplementedError and not error.args:  # the stub's own; PyTorch's has a message
                return Result(task.name, "not started", "not started yet", 0, task.points)
            return _wrong(task, f"your function stopped with {_described(error)}")
    expected = [task.reference(**inputs) for inputs in rounds]
    for answer, truth in zip(answers, expected, strict=True):
        problem = _difference(task, answer, truth)
        if problem:
            return _wrong(task, problem + _hint(task, rounds, answers))
    return Result(task.name, "right", f"right, {task.points} of {task.points} points", task.points, task.points)


def _wrong(task: Task, message: str) -> Result:
    return Result(task.name, "wrong", message, 0, task.points)


def _copy(inputs: dict[str, object]) -> dict[str, object]:
    return {name: value.clone() if isinstance(value, Tensor) else value for name, value in inputs.items()}


def _hint(task: Task, rounds: list[dict], answers: list) -> str:
    """The hint of the first listed mistake that explains every answer."""
    for mistake in task.mistakes:
        if _explains(task, mistake.answer, rounds, answers):
            return f" Hint: {mistake.hint}"
    return ""


def _explains(task: Task, mistaken: Callable, rounds: list[dict], answers: list) -> bool:
    return all(_alike(task, answer, mistaken(**_copy(inputs))) for inputs, answer in zip(rounds, answers, strict=True))


def _alike(task: Task, answer: object, mistaken: object) -> bool:
    """Whether two answers are the same, NaN and infinity in the same places included."""
    a, b = _array(answer), _array(mistaken)
    return a is not None and a.shape == b.shape and np.allclose(a, b, rtol=task.rtol, atol=task.atol, equal_nan=True)


def _difference(task: Task, answer: object, truth: object) -> str | None:
    """What is different, in a sentence; None if nothing is."""
    truth = _array(truth)
    if answer is None:
        return "your function returned None. Is there a `return`?"
    got = _array(answer)
    if got is None:
        return f"expected {_shape(truth)}, got {_kind(answer)}."
    if got.shape != truth.shape:
        return f"expected {_shape(truth)}, got {_shape(got)}."
    if not np.isfinite(got).all():
        return f"your answer holds {'NaN' if np.isnan(got).any() else 'infinity'}."
    if np.allclose(got, truth, rtol=task.rtol, atol=task.atol):
        return None
    if truth.ndim == 0:
        return f"expected {truth:.6g}, got {got:.6g}."
    worst = np.unravel_index(np.abs(got - truth).argmax(), truth.shape)
    where = ", ".join(str(int(i)) for i in worst)
    return f"largest difference at [{where}]: expected {truth[worst]:.6g}, got {got[worst]:.6g}."


def _array(value: object) -> np.ndarray | None:
    """A real number, array or tensor as float64 on the CPU; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, Tensor | np.ndarray | np.number | int | float):
        return None
    try:
        array = np.ma.asarray(value.numpy(force=True) if isinstance(value, Tensor) else value)
        return array.filled().astype(np.float64) if array.dtype.kind in "fiu" and not array.mask.any() else None
    except Exception:  # sparse, quantized, on no device at all, or larger than a float
        return None


def _described(error: BaseException) -> str:
    """Kind and first line of an error, also of one that cannot even be printed."""
    try:
        lines = str(error).splitlines()
    except Exception:
        lines = []
    return ": ".join([type(error).__name__, *lines[:1]])


def _shape(value: np.ndarray) -> str:
    return "a single number" if value.ndim == 0 else f"shape {tuple(value.shape)}"


def _kind(value: object) -> str:
    kind = type(value).__name__
    return "None" if value is None else f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"

"""What a task is."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from course_utils.exercises.calling import Affine


@dataclass(frozen=True)
class Mistake:
    """A likely wrong answer, as a function of the same arguments, and the sentence that helps
    whoever gives it.

    also: variants that earn the same sentence.
    """

    answer: Callable
    hint: str
    also: tuple[Callable, ...] = ()


@dataclass(frozen=True)
class Part:
    """A part of an answer with points of its own: the rows `start` to `stop` of its first
    dimension, as in a slice.
    """

    name: str
    points: int
    start: int
    stop: int | None = None


@dataclass(frozen=True)
class Round:
    """One comparison: the arguments, the right answer, and the i-th wrong one."""

    inputs: dict[str, object]
    expected: np.ndarray
    mistaken: Callable[[int], object]


@dataclass(frozen=True)
class Task:
    """One task.

    name: of the function to write. lesson: its number, e.g. "02". points: for a right answer; with
    `parts`, their sum.
    inputs: makes fresh keyword arguments from a random generator: float64 or int64 tensors,
    numbers, or an `Affine`. cases: kinds of inputs that take turns from round to round, where one
    set of inputs cannot hold all edge cases; `inputs` then takes `case`, 0 ≤ case < cases, too.
    reference: the right answer, computed in another way than the lesson shows.
    mistakes: the likely wrong answers. rtol, atol: what counts as equal, as in `torch.allclose`.
    """

    name: str
    lesson: str
    points: int
    inputs: Callable[..., dict[str, object]]
    reference: Callable
    mistakes: tuple[Mistake, ...]
    rtol: float = 1e-4
    atol: float = 1e-6
    parts: tuple[Part, ...] = ()
    cases: int = 1

    def __post_init__(self) -> None:
        if self.parts and sum(part.points for part in self.parts) != self.points:
            raise ValueError(f"{self.name}: the points of its parts do not add up to {self.points}")

    @property
    def wrong(self) -> tuple[tuple[Callable, str], ...]:
        """Every wrong answer with its hint."""
        return tuple(
            (answer, mistake.hint)
            for mistake in self.mistakes
            for answer in (mistake.answer, *mistake.also)
        )

    @property
    def hints(self) -> tuple[str, ...]:
        return tuple(hint for _, hint in self.wrong)

    def rounds(self, generator: torch.Generator, n: int) -> list[Round]:
        """n comparisons on fresh inputs."""
        arguments = [
            self.inputs(generator, case=i % self.cases)
            if self.cases > 1
            else self.inputs(generator)
            for i in range(n)
        ]
        return [
            Round(inputs, self._expected(inputs), self._mistaken(inputs)) for inputs in arguments
        ]

    def _expected(self, inputs: dict[str, object]) -> np.ndarray:
        return np.asarray(self.reference(**copied(inputs)), dtype=np.float64)

    def _mistaken(self, inputs: dict[str, object]) -> Callable[[int], object]:
        return lambda i: self.wrong[i][0](**copied(inputs))


def copied(inputs: dict[str, object]) -> dict[str, object]:
    """Arguments that a function may change without changing the others'."""
    return {name: _copied(value) for name, value in inputs.items()}


def _copied(value: object) -> object:
    if isinstance(value, Affine):
        return Affine(value.W.clone(), value.b.clone())
    return value.clone() if isinstance(value, Tensor) else value


def randn(generator: torch.Generator, *shape: int) -> Tensor:
    """Standard normal numbers in float64, for the inputs of tasks."""
    return torch.randn(*shape, generator=generator, dtype=torch.float64)

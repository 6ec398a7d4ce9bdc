"""What a task consists of."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from course_utils.exercises.calling import Affine


@dataclass(frozen=True)
class Mistake:
    """A likely wrong answer, and the hint for a student who gives it.

    Attributes:
        answer: a function of the task's arguments that computes the wrong answer.
        hint: a sentence that helps.
        also: variants of the mistake with the same hint.
    """

    answer: Callable
    hint: str
    also: tuple[Callable, ...] = ()


@dataclass(frozen=True)
class Part:
    """A part of an answer with points of its own: some rows of its first dimension.

    Attributes:
        name: of the part, for messages.
        points: for the part.
        start: the first row.
        stop: the row after the last one; None for all remaining rows.
    """

    name: str
    points: int
    start: int
    stop: int | None = None


@dataclass(frozen=True)
class Round:
    """One comparison.

    Attributes:
        inputs: the arguments by name.
        expected: the right answer.
        mistaken: i → the answer of the i-th mistake.
    """

    inputs: dict[str, object]
    expected: np.ndarray
    mistaken: Callable[[int], object]


@dataclass(frozen=True)
class Task:
    """The spec of one task.

    Attributes:
        name: of the function to write.
        lesson: its number, e.g. "02".
        points: for a right answer; with `parts`, the sum of their points.
        inputs: generator → fresh keyword arguments: float64 or int64 tensors, numbers, or an
            `Affine`. With `cases` above 1 it also takes `case`, 0 ≤ case < cases.
        reference: computes the right answer, in another way than the lesson shows.
        mistakes: the likely wrong answers.
        rtol: relative tolerance, as in `torch.allclose`.
        atol: absolute tolerance, as in `torch.allclose`.
        parts: the parts of the answer with points of their own.
        cases: kinds of inputs that take turns from round to round, where one set of inputs cannot
            hold all edge cases.
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
        """Every wrong answer with its hint, variants included."""
        return tuple(
            (answer, mistake.hint)
            for mistake in self.mistakes
            for answer in (mistake.answer, *mistake.also)
        )

    @property
    def hints(self) -> tuple[str, ...]:
        """The hints, in the order of `wrong`."""
        return tuple(hint for _, hint in self.wrong)

    def rounds(self, generator: torch.Generator, n: int) -> list[Round]:
        """Return n rounds on fresh inputs.

        Args:
            generator: for the inputs.
            n: number of rounds.
        """
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
    """Return copies of the arguments, which a function may change."""
    return {name: _copied(value) for name, value in inputs.items()}


def _copied(value: object) -> object:
    if isinstance(value, Affine):
        return Affine(value.W.clone(), value.b.clone())
    return value.clone() if isinstance(value, Tensor) else value


def randn(generator: torch.Generator, *shape: int) -> Tensor:
    """Return standard normal numbers in float64, for the inputs of tasks."""
    return torch.randn(*shape, generator=generator, dtype=torch.float64)

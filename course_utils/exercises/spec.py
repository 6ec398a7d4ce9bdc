"""What a task is."""

from collections.abc import Callable
from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Mistake:
    """A likely wrong answer, as a function of the same arguments, and the sentence that helps whoever gives it."""

    answer: Callable
    hint: str


@dataclass(frozen=True)
class Task:
    """One task.

    name: of the function to write. lesson: its number, e.g. "02". points: for a right answer.
    inputs: makes fresh keyword arguments from a random generator; tensors are float64.
    reference: the right answer, computed in another way than the lesson shows.
    mistakes: the likely wrong answers. rtol, atol: what counts as equal, as in `torch.allclose`.
    """

    name: str
    lesson: str
    points: int
    inputs: Callable[[torch.Generator], dict[str, object]]
    reference: Callable
    mistakes: tuple[Mistake, ...]
    rtol: float = 1e-4
    atol: float = 1e-6


def randn(generator: torch.Generator, *shape: int) -> torch.Tensor:
    """Standard normal numbers in float64, for the inputs of tasks."""
    return torch.randn(*shape, generator=generator, dtype=torch.float64)

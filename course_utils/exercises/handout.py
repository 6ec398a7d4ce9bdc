"""Tasks without their references, for a class repository.

A handout keeps, for each task, some rounds of inputs with the right answer and the answers of
the listed mistakes, computed in advance. `verify` works with it as usual. Its answers are no
secret, and do not help: a grader draws other inputs.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from course_utils.exercises.calling import Affine
from course_utils.exercises.task import Part, Round, Task

KEPT = 12  # rounds per task
ABOUT = ("name", "lesson", "points", "hints", "rtol", "atol")


@dataclass(frozen=True)
class Handout:
    """A `Task` whose rounds were computed in advance.

    Attributes:
        name: of the function to write.
        lesson: its number, e.g. "02".
        points: for a right answer.
        hints: one sentence per mistake.
        rtol: relative tolerance, as in `torch.allclose`.
        atol: absolute tolerance, as in `torch.allclose`.
        parts: the parts of the answer with points of their own.
        kept: the rounds.
    """

    name: str
    lesson: str
    points: int
    hints: tuple[str, ...]
    rtol: float
    atol: float
    parts: tuple[Part, ...]
    kept: tuple[Round, ...]

    def rounds(self, generator: torch.Generator, n: int) -> list[Round]:
        """Return n of the kept rounds: consecutive ones, so that cases take turns.

        Args:
            generator: for the random choice of the first one.
            n: number of rounds.
        """
        first = int(torch.randint(len(self.kept), (), generator=generator))
        return [self.kept[(first + i) % len(self.kept)] for i in range(n)]


def write(tasks: Iterable[Task], path: Path, *, seed: int | None = None) -> None:
    """Compute `KEPT` rounds of every task and write them to one .npz file.

    Args:
        tasks: the tasks.
        path: the file.
        seed: of the inputs; default: random ones.
    """
    generator = torch.Generator()
    generator.manual_seed(seed) if seed is not None else generator.seed()
    arrays: dict[str, np.ndarray] = {}
    about = []
    for task in tasks:
        inputs = []
        for n, each in enumerate(task.rounds(generator, KEPT)):
            key = f"{task.name}/{n}"
            inputs.append(
                {name: pack(f"{key}/{name}", value, arrays) for name, value in each.inputs.items()}
            )
            arrays[f"{key}/expected"] = each.expected
            for i in range(len(task.hints)):
                arrays[f"{key}/mistaken/{i}"] = np.asarray(each.mistaken(i), dtype=np.float64)
        known = {field: getattr(task, field) for field in ABOUT}
        about.append({**known, "parts": [asdict(part) for part in task.parts], "inputs": inputs})
    np.savez_compressed(path, about=np.array(json.dumps(about)), **arrays)


def read(path: Path) -> dict[str, Handout]:
    """Return the tasks in a file that `write` wrote, by name."""
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    return {known["name"]: _task(known, arrays) for known in json.loads(str(arrays.pop("about")))}


def _task(known: dict, arrays: dict[str, np.ndarray]) -> Handout:
    kept = []
    for n, inputs in enumerate(known.pop("inputs")):
        key = f"{known['name']}/{n}"
        unpacked = {name: unpack(value, arrays) for name, value in inputs.items()}
        kept.append(
            Round(
                unpacked,
                arrays[f"{key}/expected"],
                lambda i, key=key: arrays[f"{key}/mistaken/{i}"],
            )
        )
    parts = tuple(Part(**part) for part in known.pop("parts"))
    return Handout(**{**known, "hints": tuple(known["hints"])}, parts=parts, kept=tuple(kept))


def pack(key: str, value: object, arrays: dict[str, np.ndarray]) -> object:
    """Return a value as JSON can hold it: a number as it is, tensors as names of arrays.

    Args:
        key: name for the value's arrays.
        value: a number, a tensor or an `Affine`.
        arrays: the arrays by name; those of the value are added.
    """
    if isinstance(value, Tensor):
        arrays[key] = value.numpy()
        return ["tensor", key]
    if isinstance(value, Affine):
        arrays[f"{key}/W"], arrays[f"{key}/b"] = value.W.numpy(), value.b.numpy()
        return ["affine", f"{key}/W", f"{key}/b"]
    return value


def unpack(value: object, arrays: dict[str, np.ndarray]) -> object:
    """Return the value that `pack` packed."""
    if not isinstance(value, list):
        return value
    kind, *names = value
    tensors = [torch.from_numpy(arrays[name]) for name in names]
    return Affine(*tensors) if kind == "affine" else tensors[0]

"""`Film`: what to look at while a model trains, kept as arrays. Training is bit-identical with and without one."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import torch
from torch import Tensor


class Film:
    """Calls `look()` at the chosen steps of `fit(…, watch=[film])` and keeps what it returns.

    look: takes nothing and returns an array, a tensor or a number of one shape throughout, or several of them by name.
    steps: the steps to look at; 0 is before the first one, n is after n steps.

    `fit` calls it in evaluation mode, without gradients, and puts PyTorch's random state back afterwards.
    """

    def __init__(self, look: Callable[[], object], steps: Iterable[int]) -> None:
        self.look = look
        self.wanted = frozenset(int(step) for step in steps)
        self.steps: list[int] = []
        self._frames: list = []

    def wants(self, step: int) -> bool:
        return step in self.wanted

    def record(self, step: int) -> None:
        self._frames.append(_each(_copy, self.look()))
        self.steps.append(step)

    @property
    def kept(self) -> dict[str, list]:
        """All that was recorded, in lists and tensors; `put_back` takes it."""
        return {"steps": self.steps, "frames": [_each(torch.from_numpy, frame) for frame in self._frames]}

    def put_back(self, kept: Mapping[str, list]) -> None:
        self.steps, self._frames = list(kept["steps"]), [_each(Tensor.numpy, frame) for frame in kept["frames"]]

    @property
    def frames(self) -> np.ndarray | list[dict[str, np.ndarray]]:
        """(T, …): one entry for each of the T recorded `steps`; a list of T dictionaries where `look` returns names."""
        if not self._frames:
            return np.empty((0,))
        return self._frames if isinstance(self._frames[0], dict) else np.stack(self._frames)


def _each(f: Callable, seen: object) -> object:
    return {name: f(value) for name, value in seen.items()} if isinstance(seen, Mapping) else f(seen)


def _copy(value: object) -> np.ndarray:
    return np.array(value.numpy(force=True) if isinstance(value, Tensor) else value)

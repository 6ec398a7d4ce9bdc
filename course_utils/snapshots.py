"""`Film`: what to look at while a model trains, kept as arrays. Training is bit-identical with and without one."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
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
        seen = self.look()
        self._frames.append({name: _copy(value) for name, value in seen.items()} if isinstance(seen, Mapping) else _copy(seen))
        self.steps.append(step)

    @property
    def frames(self) -> np.ndarray | list[dict[str, np.ndarray]]:
        """(T, …): one entry for each of the T recorded `steps`; a list of T dictionaries where `look` returns names."""
        if not self._frames:
            return np.empty((0,))
        return self._frames if isinstance(self._frames[0], dict) else np.stack(self._frames)


def _copy(value: object) -> np.ndarray:
    return np.array(value.numpy(force=True) if isinstance(value, Tensor) else value)

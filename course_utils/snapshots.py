"""`Film`: what to look at while a model trains, kept as arrays. Training is bit-identical with and without one."""

from collections.abc import Callable, Iterable

import numpy as np
from torch import Tensor


class Film:
    """Calls `look()` at the chosen steps of `fit(…, watch=[film])` and keeps what it returns.

    look: takes nothing and returns an array, a tensor or a number of one shape throughout.
    steps: the steps to look at; 0 is before the first one, n is after n steps.

    `fit` calls it in evaluation mode, without gradients, and puts PyTorch's random state back afterwards.
    """

    def __init__(self, look: Callable[[], object], steps: Iterable[int]) -> None:
        self.look = look
        self.wanted = frozenset(int(step) for step in steps)
        self.steps: list[int] = []
        self._frames: list[np.ndarray] = []

    def wants(self, step: int) -> bool:
        return step in self.wanted

    def record(self, step: int) -> None:
        seen = self.look()
        self._frames.append(np.array(seen.numpy(force=True) if isinstance(seen, Tensor) else seen))  # a copy
        self.steps.append(step)

    @property
    def frames(self) -> np.ndarray:
        """(T, …): one entry for each of the T recorded `steps`."""
        return np.stack(self._frames) if self._frames else np.empty((0,))

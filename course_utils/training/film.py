"""`Film`: what to look at while a model trains, kept as arrays. Training is bit-identical with and
without one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn


class Watcher(Protocol):
    """Anything that looks at chosen steps of a training: a `Film`, or what writes checkpoints."""

    def wants(self, step: int) -> bool: ...
    def record(self, step: int) -> None: ...


class Film:
    """Calls `look()` at the chosen steps of `fit(…, watch=[film])` and keeps what it returns.

    look: takes nothing and returns an array, a tensor or a number of one shape throughout, or
    several of them by name.
    steps: the steps to look at; 0 is before the first one, n is after n steps.

    `fit` calls it in evaluation mode, without gradients, and puts PyTorch's random state back
    afterwards.
    """

    def __init__(self, look: Callable[[], object], steps: Iterable[int]) -> None:
        self.look = look
        self.wanted = frozenset(int(step) for step in steps)
        self._seen: list[tuple[int, Any]] = []

    def wants(self, step: int) -> bool:
        return step in self.wanted

    def record(self, step: int) -> None:
        self._seen.append((step, _each(_copy, self.look())))

    @property
    def steps(self) -> list[int]:
        """The steps recorded so far."""
        return [step for step, _ in self._seen]

    @property
    def kept(self) -> dict[str, list]:
        """All that was recorded, in lists and tensors; `put_back` takes it."""
        return {
            "steps": self.steps,
            "frames": [_each(torch.from_numpy, frame) for _, frame in self._seen],
        }

    def put_back(self, kept: Mapping[str, list]) -> None:
        self._seen = [
            (n, _each(Tensor.numpy, frame))
            for n, frame in zip(kept["steps"], kept["frames"], strict=True)
        ]

    @property
    def frames(self) -> np.ndarray | list[dict[str, np.ndarray]]:
        """(T, …): one entry for each of the T recorded `steps`; a list of T dictionaries where
        `look` returns names.
        """
        frames = [frame for _, frame in self._seen]
        if not frames:
            return np.empty((0,))
        return frames if isinstance(frames[0], dict) else np.stack(frames)


class Audience:
    """All watchers of one training."""

    def __init__(self, networks: Sequence[nn.Module], watch: Sequence[Watcher]) -> None:
        self.networks, self.watch, self.last = networks, watch, -1

    def look(self, step: int) -> None:
        """Let everybody look who wants this step: in evaluation mode, without gradients, and
        changing nothing.
        """
        due = [watcher for watcher in self.watch if watcher.wants(step)]
        if due:
            with _at_rest(self.networks):
                for watcher in due:
                    watcher.record(step)
        self.last = step

    def fill(self, steps: int) -> None:
        """After a training that broke off: films get their missing frames, so that what shows them
        finds all.

        The last frames show where training stopped. A film that was interrupted after its frame
        does not get it twice.
        """
        for step in range(self.last + 1, steps + 1):
            due = [
                w
                for w in self.watch
                if isinstance(w, Film) and w.wants(step) and w.steps[-1:] != [step]
            ]
            if due:
                with _at_rest(self.networks):
                    for film in due:
                        film.record(step)


@contextmanager
def _at_rest(networks: Sequence[nn.Module]) -> Iterator[None]:
    """Evaluation mode, no gradients, and PyTorch's random state put back at the end."""
    modes = [(module, module.training) for network in networks for module in network.modules()]
    device = next(networks[0].parameters()).device
    for network in networks:
        network.eval()
    try:
        with (
            torch.no_grad(),
            torch.random.fork_rng(devices=[device] if device.type == "cuda" else []),
        ):
            yield
    finally:
        for module, mode in modes:
            module.training = mode


def _each(f: Callable, seen: object) -> object:
    return (
        {name: f(value) for name, value in seen.items()} if isinstance(seen, Mapping) else f(seen)
    )


def _copy(value: object) -> np.ndarray:
    array = np.array(value.numpy(force=True) if isinstance(value, Tensor) else value)
    if array.dtype.kind not in "biuf":
        raise TypeError(
            "a film keeps arrays, tensors and numbers, or these by name; its look returned"
            f" {type(value).__name__}"
        )
    return array

"""`Film` records arrays while a model trains. A run has the same bits with and without one."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn


class Watcher(Protocol):
    """What is called at chosen steps of a run: a `Film`, or an object that writes checkpoints."""

    def wants(self, step: int) -> bool:
        """Return whether `record` should be called after this step; 0 is before the first one."""
        ...

    def record(self, step: int) -> None:
        """Look at the model after this step."""
        ...


class Film:
    """Records what `look()` returns at chosen steps of `fit(…, watch=[film])`.

    `fit` calls it in evaluation mode and without gradients, and restores PyTorch's random state.
    A second run needs a film of its own.

    Args:
        look: takes no argument and returns an array, a tensor or a number, of one shape throughout,
            or a dictionary of these.
        steps: the steps to record; 0 is before the first step, n is after n steps.

    Attributes:
        wanted: the steps to record.
    """

    def __init__(self, look: Callable[[], object], steps: Iterable[int]) -> None:
        self.look = look
        self.wanted = frozenset(int(step) for step in steps)
        self._seen: list[tuple[int, Any]] = []

    def wants(self, step: int) -> bool:
        """Return whether the film records this step."""
        return step in self.wanted

    def record(self, step: int) -> None:
        """Call `look` and keep what it returns as the frame of this step."""
        self._seen.append((step, _each(_copy, self.look())))

    @property
    def steps(self) -> list[int]:
        """The steps recorded so far."""
        return [step for step, _ in self._seen]

    def at(self, step: int) -> np.ndarray | dict[str, np.ndarray]:
        """Return the frame of a recorded step.

        Raises:
            KeyError: where this step was not recorded.
        """
        for seen, frame in self._seen:
            if seen == step:
                return frame
        raise KeyError(f"expected one of the recorded steps {self.steps}, got {step}")

    @property
    def kept(self) -> dict[str, list]:
        """All recorded steps and frames as lists and tensors, as `put_back` takes them."""
        return {
            "steps": self.steps,
            "frames": [_each(torch.from_numpy, frame) for _, frame in self._seen],
        }

    def put_back(self, kept: Mapping[str, list]) -> None:
        """Replace what was recorded by what `kept` returned."""
        self._seen = [
            (n, _each(Tensor.numpy, frame))
            for n, frame in zip(kept["steps"], kept["frames"], strict=True)
        ]

    @property
    def frames(self) -> np.ndarray | list[dict[str, np.ndarray]]:
        """The recorded frames as one array (T, …), where T is the number of recorded `steps`.

        Where `look` returns dictionaries, a list of T dictionaries of arrays.
        """
        frames = [frame for _, frame in self._seen]
        if not frames:
            return np.empty((0,))
        return frames if isinstance(frames[0], dict) else np.stack(frames)


class Audience:
    """All watchers of one run.

    Attributes:
        last: the last step at which `look` was called.
    """

    def __init__(self, networks: Sequence[nn.Module], watch: Sequence[Watcher]) -> None:
        self.networks, self.watch, self.last = networks, watch, -1

    def look(self, step: int) -> None:
        """Let every watcher that wants this step record it, without any effect on training.

        The networks are in evaluation mode, without gradients, and the random state is restored.
        """
        due = [watcher for watcher in self.watch if watcher.wants(step)]
        if due:
            with _at_rest(self.networks):
                for watcher in due:
                    watcher.record(step)
        self.last = step

    def fill(self, steps: int) -> None:
        """Record all frames still missing in the films of a run that stopped early.

        What shows the film then finds all frames; those after the stop show the model as it was
        there.

        Args:
            steps: number of steps the run should have had.
        """
        for step in range(self.last + 1, steps + 1):
            # The last condition: an interrupt may have come after the film recorded this step.
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
            "a film keeps arrays, tensors and numbers, or these by name; its `look` returned"
            f" {type(value).__name__}"
        )
    return array

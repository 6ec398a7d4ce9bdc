"""Checkpoints: every few hundred steps, a run writes all it needs to resume after a break."""

import time
from collections.abc import Mapping
from pathlib import Path

from course_utils import tensor_io
from course_utils.errors import CourseError
from course_utils.training import Player, distributed, state


class RequestError(CourseError):
    """A request that cannot be fulfilled.

    The message says what was expected, what was found, and what to do.
    """


class Checkpoint:
    """A watcher for `training.play` that writes the whole state of a run every `every` steps.

    A file is written in full or not at all.

    Args:
        path: the file. That of another run raises an error, and is not overwritten.
        run: says which run this is: model, data, seed, ….
        every: steps between two checkpoints.

    Attributes:
        done: steps taken in earlier sessions, known after `resume`.
        seconds: training time up to the last checkpoint.
    """

    def __init__(self, path: Path, run: Mapping[str, str], *, every: int = 200) -> None:
        self.path, self.run, self.every = path, dict(run), every
        self.players: Mapping[str, Player] = {}
        self.done, self.seconds, self._since = 0, 0.0, time.perf_counter()

    def resume(self, players: Mapping[str, Player]) -> "Checkpoint":
        """Load the checkpoint, if there is one, into the players and PyTorch's random state.

        Args:
            players: the players by name.

        Raises:
            RequestError: where the file belongs to another run, or is no checkpoint.
        """
        self.players = players
        if not distributed.agree(int(self.path.exists())):
            raise RequestError(
                f"only some processes find {self.path}: give all of them the same folder"
            )
        if not self.path.exists():
            return self
        try:
            saved = tensor_io.read(self.path)
            run = saved["run"]
        except (tensor_io.DamagedFileError, KeyError, TypeError) as error:
            raise RequestError(
                f"{self.path} is not a checkpoint ({error}); delete it to start from the beginning"
            ) from error
        if run != self.run:
            theirs, ours = (", ".join(f"{k} {v}" for k, v in of.items()) for of in (run, self.run))
            raise RequestError(
                f"{self.path} belongs to another run: {theirs}; this one is {ours}. "
                "Finish that one with its own options, delete the file, or choose another --out"
            )
        state.restore(players, saved)
        self.done, self.seconds = saved["steps"], saved["seconds"]
        if distributed.rank() == 0:
            print(f"Resuming after step {self.done} of {self.run['steps']}, from {self.path}")
        return self

    def wants(self, step: int) -> bool:
        """Return whether a checkpoint is due after this step; only process 0 writes them."""
        return step > 0 and step % self.every == 0 and distributed.rank() == 0

    def record(self, step: int) -> None:
        """Write a checkpoint.

        Args:
            step: steps taken in this session.
        """
        now = time.perf_counter()
        self.seconds, self._since = self.seconds + now - self._since, now
        progress = {"run": self.run, "steps": self.done + step, "seconds": self.seconds}
        tensor_io.write(self.path, {**progress, **state.state_of(self.players)})

    def skip(self, batches):
        """Skip the batches of the steps taken before."""
        for _ in range(self.done):
            next(batches)
        return batches

    def stop_clock(self) -> float:
        """Return the seconds of training so far, over all sessions."""
        return self.seconds + time.perf_counter() - self._since

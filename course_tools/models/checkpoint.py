"""Training that survives: what a run needs to go on where it was, on disk every so many steps."""

import time
from collections.abc import Mapping
from pathlib import Path

from course_utils import tensor_io
from course_utils.errors import CourseError
from course_utils.training import Player, distributed, state


class RequestError(CourseError):
    """A request that cannot be met; the message says what was expected, what was found, and what to
    do.
    """


class Checkpoint:
    """A watcher for `training.play` that writes all of the game every `every` steps, each time in
    full or not at all.

    run: says which run this is (model, data, seed, …); a file of another run is refused, not
    overwritten.
    done: the steps taken before, after `resume`; seconds: their training time.
    """

    def __init__(self, path: Path, run: Mapping[str, str], *, every: int = 200) -> None:
        self.path, self.run, self.every = path, dict(run), every
        self.players: Mapping[str, Player] = {}
        self.done, self.seconds, self._since = 0, 0.0, time.perf_counter()

    def resume(self, players: Mapping[str, Player]) -> "Checkpoint":
        """Put every network, optimizer, schedule, average and PyTorch's random state where the file
        has them, if there is one.

        Raises RequestError if the file is that of another run, or no checkpoint.
        """
        self.players = players
        if not distributed.agree(int(self.path.exists())):
            raise RequestError(
                f"{self.path} is there for some processes only: give all of them the same folder"
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
            print(f"Going on after step {self.done} of {self.run['steps']}, from {self.path}")
        return self

    def wants(self, step: int) -> bool:
        return step > 0 and step % self.every == 0 and distributed.rank() == 0  # one process writes

    def record(self, step: int) -> None:
        now = time.perf_counter()
        self.seconds, self._since = self.seconds + now - self._since, now
        progress = {"run": self.run, "steps": self.done + step, "seconds": self.seconds}
        tensor_io.write(self.path, {**progress, **state.state_of(self.players)})

    def skip(self, batches):
        """The same batches after those of the steps already done."""
        for _ in range(self.done):
            next(batches)
        return batches

    def stop_clock(self) -> float:
        """Seconds of training so far, over all sessions."""
        return self.seconds + time.perf_counter() - self._since

"""The training loop: `fit` for one network, `play` for several.

The lesson decides what is trained, on which data and with which loss; they only run the steps.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.training import distributed
from course_utils.training.cache import NoCache, cache_for
from course_utils.training.film import Audience, Watcher
from course_utils.training.game import Game, Objective, Player
from course_utils.training.health import Health, Stopped, not_finite
from course_utils.training.progress import ProgressBar


class History(list):
    """One row per step taken: {"step": n, "loss": …, the objective's other parts, "grad_norm": …},
    all numbers.
    """

    def column(self, name: str) -> np.ndarray:
        """All values of one column, (steps,)."""
        if self and name not in self[0]:
            raise KeyError(f"no column {name!r}; this history has {', '.join(self[0])}")
        return np.array([row[name] for row in self])

    def add(self, numbers: list[float], parts: Mapping[str, tuple[str, ...]]) -> None:
        """One step's numbers as `Game.step` gives them.

        parts: of every player. Raises Stopped for a step not taken.
        """
        step, left = len(self) + 1, iter(numbers)
        row: dict[str, float] = {}
        for player, names in parts.items():
            own = {name: next(left) for name in (*names, "grad_norm")}
            if not next(left):
                raise not_finite(step, player, own["loss"], own["grad_norm"])
            row |= {f"{player}.{name}" if player else name: value for name, value in own.items()}
        self.append({"step": step, **row})

    def __repr__(self) -> str:
        last = (
            ", ".join(f"{name} {value:.4g}" for name, value in self[-1].items())
            if self
            else "nothing"
        )
        return f"History of {len(self)} steps; the last: {last}"


def fit(
    model: nn.Module,
    objective: Objective,
    batches: Iterator[tuple[Tensor, Tensor]],
    steps: int,
    *,
    lr: float = 1e-3,
    optimizer: torch.optim.Optimizer | None = None,
    schedule: torch.optim.lr_scheduler.LRScheduler | None = None,
    watch: Sequence[Watcher] = (),
    label: str = "training",
    sync_every: int | None = None,
) -> History:
    """Train `model` for a number of steps and return the history.

    objective: a closure (x, y) → {"loss": scalar, other parts: scalars}; only "loss" is
    differentiated.
    batches: an endless iterator of (x, y).
    optimizer: default Adam with learning rate `lr`. schedule: of that optimizer, stepped once after
    every step.
    watch: looks at the model before the first step and after the steps it wants, e.g. a `Film`.
    sync_every: every how many steps the device is asked for its numbers; default 10 on the CPU, 50
    on a GPU.

    The model trains in training mode and is left in evaluation mode, ready to be looked at.

    A step that makes the loss, the gradient norm or a buffer (a BatchNorm statistic, say) infinite
    or NaN is not taken: training stops there with a sentence, and the model keeps its last finite
    weights. It also stops where the loss stays above ten times the first one (or 10, if that was
    below 1), and goes back to the last state that was kept, one every 200 steps. An interrupt keeps
    what was trained, and so does a device whose memory is full. However it stops, films record
    their remaining frames at once, so that a cell which shows a film finds all of them; these show
    the model as training left it.
    """
    if schedule is not None and optimizer is None:
        raise ValueError(
            "a schedule changes the learning rate of its own optimizer: pass that optimizer, too"
        )
    optimizer = optimizer or torch.optim.Adam(
        (p for p in model.parameters() if p.requires_grad), lr=lr, fused=True
    )
    player = Player(model, objective, optimizer, schedule)
    return play({"": player}, batches, steps, watch=watch, label=label, sync_every=sync_every)


def play(
    players: Mapping[str, Player],
    batches: Iterator[tuple[Tensor, Tensor]],
    steps: int,
    *,
    watch: Sequence[Watcher] = (),
    label: str = "training",
    sync_every: int | None = None,
) -> History:
    """Adversarial training: in every step the players, in their order, each take one on their loss.

    Each turn has a fresh graph in which the parameters of all other players are frozen: a player's
    gradient is that of its own loss, however far that loss reaches through the others. All turns of
    a step see the same batch. The history's columns carry the player's name: "D.loss", ….
    Where `fit` watches the loss, a game stops when a player's gradient was exactly 0 for ten steps.
    The rest is as in `fit`. With `COURSE_CACHE=1` no training is done twice: `training.cache`.
    """
    game, history, stopped = Game(players), History(), None
    cache, health = cache_for(players, steps, watch, label), Health(players, steps)
    audience, numbers = Audience(game.networks, watch), Numbers(game, history, sync_every)
    audience.look(0)
    with game.in_training(), numbers.shown(steps, label):
        try:
            for step in range(1, steps + 1):
                x, y = _next(batches, numbers)
                numbers.add(game.step(x, y))
                if numbers.due(step) or step in (steps, cache.asks_at):
                    numbers.read()
                    health.check(history)
                if step == 1 and cache.recall(history, batches):
                    numbers.hide_bar()
                    break
                game.step_schedules()
                audience.look(step)
        except (Stopped, KeyboardInterrupt, torch.OutOfMemoryError) as reason:
            stopped = numbers.explain(reason)
    _end(stopped, cache, audience, history, steps, label)
    return history


class Numbers:
    """The numbers of a training, on their way from the device to the history and the progress bar.

    They wait on the device until those of several steps are asked for at once: each question makes
    a GPU stop.
    """

    def __init__(self, game: Game, history: History, every: int | None) -> None:
        self._game, self._history, self._waiting = game, history, list[Tensor]()
        self._every = every or (10 if game.device.type == "cpu" else 50)

    @contextmanager
    def shown(self, steps: int, label: str) -> Iterator[None]:
        """Beside a progress bar; a single step, and a process that is not the first, has none."""
        quiet = steps == 1 or distributed.rank() > 0
        with ProgressBar(total=steps, desc=label, unit="step", disable=quiet) as self._bar:
            yield

    def hide_bar(self) -> None:
        """For a training that was recalled: there is nothing to see."""
        self._bar.leave = False

    def add(self, row: Tensor) -> None:
        self._waiting.append(row)

    def due(self, step: int) -> bool:
        return step % self._every == 0

    def read(self) -> int:
        """Move what waits to the history; its length then. Raises Stopped at a step not taken."""
        if self._waiting:
            rows = torch.stack(self._waiting).tolist()
            self._waiting.clear()
            self._bar.update(len(rows))
            for row in rows:
                self._history.add(row, self._game.parts)
            self._bar.show_losses(self._history[-1])
        return len(self._history)

    def explain(self, reason: BaseException) -> str:
        """Why a training ended, in a sentence; numbers that were not read yet may tell of something
        earlier.
        """
        try:
            self.read()
        except Stopped as earlier:
            return str(earlier)
        if isinstance(reason, Stopped):
            return str(reason)
        kept = f"after {len(self._history)} steps. The model keeps what it has learned."
        if isinstance(reason, KeyboardInterrupt):
            return f"interrupted {kept}"
        ways = (
            "Ways on: smaller batches, a restart of other notebooks' kernels, or COURSE_DEVICE=cpu."
        )
        return f"the memory of {self._game.device} was full {kept} {ways}"


def _next(batches: Iterator[tuple[Tensor, Tensor]], numbers: "Numbers") -> tuple[Tensor, Tensor]:
    """The next batch. Raises Stopped where there is none."""
    batch = next(batches, None)
    if batch is None:
        taken = numbers.read()  # here, where an interrupt is still heard
        way = "Pass an endless iterator, e.g. `data.batches(…)`."
        raise Stopped(f"no more batches after {taken} steps. {way}")
    return batch


def _end(
    stopped: str | None,
    cache: NoCache,
    audience: Audience,
    history: History,
    steps: int,
    label: str,
) -> None:
    """Say how it ended; fill the films of a training that broke off, keep one that did not."""
    if stopped:
        print(f"{label}: {stopped}")
        with suppress(torch.OutOfMemoryError, KeyboardInterrupt):
            audience.fill(steps)
    elif cache.recalled:
        print(f"{label}: {steps} steps, remembered from an earlier run (COURSE_CACHE)")
    else:
        cache.keep(history)

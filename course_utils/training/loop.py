"""The training loop: `fit` trains one network, `play` several.

The lesson decides what is trained, on which data and with which loss; the loop runs the steps.
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
    """The numbers of a run: one row per step taken.

    A row is {"step": n, "loss": …, the objective's other parts, "grad_norm": …}.
    """

    def column(self, name: str) -> np.ndarray:
        """Return all values of one column, (steps,).

        Raises:
            KeyError: where there is no such column.
        """
        if self and name not in self[0]:
            raise KeyError(f"no column {name!r}; this history has {', '.join(self[0])}")
        return np.array([row[name] for row in self])

    def add(self, numbers: list[float], parts: Mapping[str, tuple[str, ...]]) -> None:
        """Append the numbers of one step.

        Args:
            numbers: as `Game.step` returns them.
            parts: the names of every player's parts.

        Raises:
            Stopped: for a step that was not taken, because a number was not finite.
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
    """Train a model for a number of steps.

    The model is in training mode meanwhile and in evaluation mode afterwards.

    Training stops early, with a printed sentence,

    - where the loss, the gradient norm or a buffer (a BatchNorm statistic, say) becomes infinite or
      NaN. That step is not taken, and the model keeps its last finite weights;
    - where the loss stays above ten times the first one (or above 10, if that was below 1). The
      model goes back to the last state that was kept, one every 200 steps;
    - at an interrupt, and where the device's memory is full. The model keeps what it has learned.

    Then films record their remaining frames at once, so that a cell which shows a film finds all of
    them; these frames show the model as training left it.

    Args:
        model: the network to train.
        objective: a function of a batch (x, y) that returns {"loss": scalar, other parts: scalars};
            only "loss" is differentiated.
        batches: an endless iterator of (x, y).
        steps: number of steps.
        lr: learning rate of the default optimizer, Adam.
        optimizer: default: Adam with learning rate `lr`.
        schedule: of that optimizer's learning rate; advanced after every step.
        watch: called before the first step and after the steps they want, e.g. a `Film`.
        label: the run's name beside the progress bar and in messages.
        sync_every: steps after which numbers are fetched from the device; default 10 on the CPU, 50
            on a GPU.

    Returns:
        The history: one row of numbers per step taken.

    Raises:
        ValueError: for a schedule without its optimizer.
        TypeError: where `batches` is no iterator, or the objective returns anything but numbers by
            name, one of them "loss".
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
    """Train several networks against each other: in every step, each player takes one step.

    The players take turns in their order, all on the same batch. In each turn the player's loss is
    computed anew, with the parameters of all other players frozen: its gradient is that of its own
    loss, even where that loss passes through other networks.

    A single player with the name "" is treated as by `fit`: its loss is checked. A loss of several
    players is not checked, for it may grow because another player wins; instead, the run stops when
    a player's gradient was exactly 0 for ten steps. The rest is as in `fit`. With
    `COURSE_CACHE=1` no run is done twice; see `training.cache`.

    Args:
        players: the players by name, in the order of their turns.
        batches: an endless iterator of (x, y).
        steps: number of steps.
        watch: called before the first step and after the steps they want, e.g. a `Film`.
        label: the run's name beside the progress bar and in messages.
        sync_every: as in `fit`.

    Raises:
        TypeError: where `batches` is no iterator, or an objective returns anything but numbers by
            name, one of them "loss".

    Returns:
        The history. Its columns carry the player's name: "D.loss", ….
    """
    if not isinstance(batches, Iterator):
        raise TypeError(
            f"batches: expected an iterator of (x, y), got a {type(batches).__name__}. Pass an"
            " endless one, e.g. `data.batches(…)`; `iter(…)` of a DataLoader ends with its epoch."
        )
    game, history, stopped = Game(players), History(), None
    cache, health = cache_for(players, steps, watch, label), Health(players, steps)
    audience, numbers = Audience(game.networks, watch), Numbers(game, history, sync_every)
    audience.look(0)
    with game.in_training(), numbers.shown(steps, label):
        try:
            for step in range(1, steps + 1):
                x, y = _next(batches, numbers)
                numbers.add(game.step(x, y))
                if numbers.due(step) or step in (steps, cache.check_at):
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
    """The numbers of a run, on their way from the device to the history and the progress bar.

    They wait on the device until those of several steps are read at once: each read makes the CPU
    wait for the GPU.

    Args:
        game: the game they come from.
        history: the history they go to.
        every: steps between two reads; default 10 on the CPU, 50 on a GPU.
    """

    def __init__(self, game: Game, history: History, every: int | None) -> None:
        self._game, self._history, self._waiting = game, history, list[Tensor]()
        self._every = every or (10 if game.device.type == "cpu" else 50)

    @contextmanager
    def shown(self, steps: int, label: str) -> Iterator[None]:
        """Show a progress bar during the block; none for a single step, or beside process 0."""
        quiet = steps == 1 or distributed.rank() > 0
        with ProgressBar(total=steps, desc=label, unit="step", disable=quiet) as self._bar:
            yield

    def hide_bar(self) -> None:
        """Remove the progress bar when the block ends, for a run that was loaded from the cache."""
        self._bar.leave = False

    def add(self, row: Tensor) -> None:
        """Add the numbers of one step, still on the device."""
        self._waiting.append(row)

    def due(self, step: int) -> bool:
        """Return whether it is time to read, after this step."""
        return step % self._every == 0

    def read(self) -> int:
        """Move the waiting numbers to the history, and return its length.

        Raises:
            Stopped: for a step that was not taken.
        """
        if self._waiting:
            rows = torch.stack(self._waiting).tolist()
            self._waiting.clear()
            self._bar.update(len(rows))
            for row in rows:
                self._history.add(row, self._game.parts)
            self._bar.show_losses(self._history[-1])
        return len(self._history)

    def explain(self, reason: BaseException) -> str:
        """Return why a run ended, in a sentence.

        The numbers still waiting are read first: they may show that an earlier step was not finite.

        Args:
            reason: what ended the run.
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
            "What helps: smaller batches, a restart of other notebooks' kernels, or"
            " COURSE_DEVICE=cpu."
        )
        return f"the memory of {self._game.device} was full {kept} {ways}"


def _next(batches: Iterator[tuple[Tensor, Tensor]], numbers: "Numbers") -> tuple[Tensor, Tensor]:
    """Return the next batch, or raise Stopped where there is none."""
    batch = next(batches, None)
    if batch is None:
        taken = numbers.read()  # here, where `play` still handles an interrupt
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
    """Print how a run ended; fill the films of one that stopped early, keep one that did not."""
    if stopped:
        print(f"{label}: {stopped}")
        with suppress(torch.OutOfMemoryError, KeyboardInterrupt):
            audience.fill(steps)
    elif cache.recalled:
        print(f"{label}: {steps} steps, remembered from an earlier run (COURSE_CACHE)")
    else:
        cache.keep(history)

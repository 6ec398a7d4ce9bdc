"""One training loop. What is trained, on what and for what stands in the lesson: `fit` and `play` only turn the crank."""

import copy
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import prod
from statistics import median
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm
from tqdm.std import tqdm

from course_utils import distributed, memory

Objective = Callable[[Tensor, Tensor], dict[str, Tensor]]
TIMES, KEEP = 10, 200  # a loss that stays so many times the first one is lost; all is kept every so many steps
CURE = "Usual cure: a smaller learning rate."


class Watcher(Protocol):
    """Anything that looks at chosen steps, e.g. `snapshots.Film`."""

    def wants(self, step: int) -> bool: ...
    def record(self, step: int) -> None: ...


class History(list):
    """One row per step taken: {"step": n, "loss": …, the objective's other parts, "grad_norm": …}, all numbers."""

    def column(self, name: str) -> np.ndarray:
        """All values of one column, (steps,)."""
        if self and name not in self[0]:
            raise KeyError(f"no column {name!r}; this history has {', '.join(self[0])}")
        return np.array([row[name] for row in self])

    def __repr__(self) -> str:
        last = ", ".join(f"{name} {value:.4g}" for name, value in self[-1].items()) if self else "nothing"
        return f"History of {len(self)} steps; the last: {last}"


class Bar(tqdm):
    """A tqdm bar that a notebook shows as one line of text, rewritten in place.

    tqdm's own notebook bar is a widget, and a widget is blank wherever a saved notebook is only read.
    """

    def __init__(self, **kwargs) -> None:
        self.handle = None if kwargs.get("disable") else _notebook_line()
        file = io.StringIO() if self.handle else None  # in a notebook nothing goes to stderr, which it paints red
        super().__init__(file=file, mininterval=0.2, ncols=80, ascii=False if self.handle else None, **kwargs)

    def display(self, msg: str | None = None, pos: int | None = None) -> None:
        if self.handle:
            self.handle.update({"text/plain": str(self) if msg is None else msg}, raw=True)
        else:
            super().display(msg, pos)


def _notebook_line():
    """A line of output that can be rewritten, in a running Jupyter kernel; None elsewhere."""
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        return None
    if not hasattr(get_ipython(), "kernel"):
        return None
    return display({"text/plain": ""}, raw=True, display_id=True)


@dataclass
class Player:
    """What is trained, for what, and how: one network of a game.

    network: its parameters are those of `optimizer`. objective: a closure (x, y) → {"loss": scalar, other parts: scalars}; only
    "loss" is differentiated, and only with respect to this network.
    schedule: of the optimizer, stepped once after every step. average: gets the network's weights after each of its turns.
    """

    network: nn.Module
    objective: Objective
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler | None = None
    average: torch.optim.swa_utils.AveragedModel | None = None


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

    objective: a closure (x, y) → {"loss": scalar, other parts: scalars}; only "loss" is differentiated.
    batches: an endless iterator of (x, y).
    optimizer: default Adam with learning rate `lr`. schedule: of that optimizer, stepped once after every step.
    watch: looks at the model before the first step and after the steps it wants, e.g. a `Film`.
    sync_every: every how many steps the device is asked for its numbers; default 10 on the CPU, 50 on a GPU.

    The model trains in training mode and is left in evaluation mode, ready to be looked at.

    A step that makes the loss, the gradient norm or a buffer (a BatchNorm statistic, say) infinite or NaN is not taken:
    training stops there with a sentence, and the model keeps its last finite weights. It stops, too, where the loss stays above
    ten times the first one (or 10, if that was below 1), and goes back to where all was well.
    An interrupt keeps what was trained, and so does a device whose memory is full. Whatever stopped it, what is left to look at
    is looked at then, so that a cell which shows a film finds all its frames: the last ones show where training stopped.
    """
    if schedule is not None and optimizer is None:
        raise ValueError("a schedule changes the learning rate of its own optimizer: pass that optimizer, too")
    optimizer = optimizer or torch.optim.Adam((p for p in model.parameters() if p.requires_grad), lr=lr, fused=True)
    return play(
        {"": Player(model, objective, optimizer, schedule)}, batches, steps, watch=watch, label=label, sync_every=sync_every
    )


def play(
    players: Mapping[str, Player],
    batches: Iterator[tuple[Tensor, Tensor]],
    steps: int,
    *,
    watch: Sequence[Watcher] = (),
    label: str = "training",
    sync_every: int | None = None,
) -> History:
    """Adversarial training: in every step each player in turn, in the order given, takes one step on its own loss.

    Each turn has a fresh graph, in which the parameters of all other players are frozen: a player's gradient is that of its own
    loss alone, however far that loss reaches through the others. All turns of a step see the same batch.
    The history's columns carry the player's name: "D.loss", "D.grad_norm", …. A game stops with a sentence, and goes back to
    where all was well, when a player's gradient stays exactly 0. All the rest as in `fit`.

    With `COURSE_PRETRAINED=1` a training that was done before is not done again: see `memory`.
    """
    films: list[Any] = [watcher for watcher in watch if hasattr(watcher, "kept")]  # what else may watch writes checkpoints
    known = None
    if memory.wanted() and steps > 1 and len(films) == len(watch) and memory.knowable(players):
        known = memory.Training(players, steps, watch, label)
    networks = [player.network for player in players.values()]
    own = {name: [p for group in player.optimizer.param_groups for p in group["params"]] for name, player in players.items()}
    everything = list({p: None for network in networks for p in network.parameters()})  # in order, each one once
    device = everything[0].device
    sync_every = sync_every or (10 if device.type == "cpu" else 50)
    trained = [p for p in everything if p.requires_grad]
    schedules = {player.schedule: None for player in players.values() if player.schedule is not None}  # in order, each one once
    healthy = torch.ones((), dtype=torch.bool, device=device)
    history, stopped = History(), ""
    kept, kept_at = copy.deepcopy(memory.state_of(players)), 0
    pending: list[Tensor] = []
    names: dict[str, tuple[str, ...]] = {}
    for network in networks:
        network.train()
    _look(networks, watch, 0)
    looked, remembered = 0, False
    with Bar(total=steps, desc=label, unit="step", disable=steps == 1 or distributed.rank() > 0) as bar:
        try:
            for step in range(1, steps + 1):
                if (batch := next(batches, None)) is None:
                    stopped = (
                        _flush(pending, names, history, bar)
                        or f"no more batches after {len(history)} steps. Pass an endless iterator, e.g. `data.batches(…)`."
                    )
                    break
                x, y = batch
                row = []
                for name, player in players.items():
                    before = [(buffer, buffer.clone()) for network in networks for buffer in network.buffers()]
                    player.optimizer.zero_grad()
                    with _only(own[name], everything):
                        parts = player.objective(x, y)
                        if name not in names:
                            names[name] = _names(parts)
                        parts["loss"].backward()
                    parts = _together(parts, own[name])
                    norm = get_total_norm([p.grad for p in own[name] if p.grad is not None])
                    healthy = healthy & _finite(parts["loss"].detach() + norm, *(buffer for buffer, _ in before))
                    _step_if(healthy, player.optimizer)
                    _put_back_unless(healthy, before)
                    if player.average is not None:
                        player.average.update_parameters(player.network)
                    row.append(_row(names[name], parts, norm, healthy))
                pending.append(torch.cat(row))
                if step % sync_every == 0 or step == steps or (known and step == 1):
                    stopped = _flush(pending, names, history, bar)
                    if not stopped and (lost := _lost(history, tuple(names))):
                        memory.put_back(players, kept)
                        stopped = f"stopped at step {step}: {lost}. All is again as it was after step {kept_at}. {CURE}"
                    if stopped:
                        break
                    if known and step == 1 and (rows := known.recall(history[0], batches)):
                        history[:], remembered, bar.leave = rows, True, False
                        break
                    if step - kept_at >= KEEP and step < steps:
                        kept, kept_at = copy.deepcopy(memory.state_of(players)), step
                for schedule in schedules:
                    schedule.step()
                _look(networks, watch, step)
                looked = step
        except KeyboardInterrupt:
            stopped = (
                _flush(pending, names, history, bar)
                or f"interrupted after {len(history)} steps. The model keeps what it has learned."
            )
        except torch.OutOfMemoryError:
            stopped = (
                _flush(pending, names, history, bar)
                or f"the memory of {device} was full after {len(history)} steps. The model keeps what it has learned. "
                "Ways on: smaller batches, a restart of other notebooks' kernels, or COURSE_DEVICE=cpu."
            )
        finally:
            for p in trained:
                p.requires_grad_(True)
            for player in players.values():
                player.optimizer.__dict__.pop("found_inf", None)
                player.network.eval()
    if stopped:
        print(f"{label}: {stopped}")
        with suppress(torch.OutOfMemoryError, KeyboardInterrupt):
            for step in range(looked + 1, steps + 1):
                _look(networks, [film for film in films if film.steps[-1:] != [step]], step)
    elif remembered:
        print(f"{label}: {steps} steps, remembered from an earlier run (COURSE_PRETRAINED)")
    elif known:
        known.keep(history)
    return history


@contextmanager
def _only(own: list[Tensor], everything: list[Tensor]) -> Iterator[None]:
    """The parameters that are not `own` are frozen for a while; gradients pass through them and do not stay."""
    mine = {id(p) for p in own}
    others = [p for p in everything if p.requires_grad and id(p) not in mine]
    for p in others:
        p.requires_grad_(False)
    try:
        yield
    finally:
        for p in others:
            p.requires_grad_(True)


def _names(parts: object) -> tuple[str, ...]:
    """The names of an objective's parts. Raises TypeError for anything but numbers by name, one of them the loss."""
    shapes = {n: list(torch.as_tensor(part).shape) for n, part in parts.items()} if isinstance(parts, Mapping) else {}
    if "loss" in shapes and all(prod(shape) == 1 for shape in shapes.values()):
        return tuple(shapes)
    got = f"parts of shapes {shapes}" if shapes else f"an object of type {type(parts).__name__}"
    raise TypeError(f'an objective returns numbers by name, one of them the loss: {{"loss": loss, …}}; got {got}')


def _together(parts: dict[str, Tensor], own: list[Tensor]) -> dict[str, Tensor]:
    """Under `torchrun`: gradients and numbers become the means over all processes; else all stays as it is."""
    if distributed.world() == 1:
        return parts
    parts = {name: torch.as_tensor(value).detach().to(own[0]).clone() for name, value in parts.items()}
    distributed.average([*(p.grad for p in own if p.grad is not None), *parts.values()])
    return parts


def _finite(*values: Tensor) -> Tensor:
    """Whether all entries of all values are finite: one flag, on the device."""
    flags = [torch.isfinite(value).all() for value in values]
    return torch.stack(flags).all() if len(flags) > 1 else flags[0]


def _step_if(healthy: Tensor, optimizer: torch.optim.Optimizer) -> None:
    """Take the step only where `healthy` is true; fused kernels read the flag on the device, without waiting for it."""
    if getattr(optimizer, "_step_supports_amp_scaling", False):
        optimizer.found_inf = (~healthy).float()  # type: ignore[attr-defined]
        optimizer.step()
    elif healthy.item():
        optimizer.step()


@torch.no_grad()
def _put_back_unless(healthy: Tensor, before: list[tuple[Tensor, Tensor]]) -> None:
    for buffer, old in before:
        buffer.copy_(torch.where(healthy, buffer, old))


def _row(names: tuple[str, ...], parts: dict[str, Tensor], norm: Tensor, healthy: Tensor) -> Tensor:
    """One step's numbers in one tensor, still on the device: the parts, the gradient norm, the flag."""
    if tuple(parts) != names:
        raise ValueError(
            f"the objective must return the same parts at every step: first {', '.join(names)}, now {', '.join(parts)}"
        )
    loss = parts["loss"].detach()
    return torch.stack([torch.as_tensor(value).detach().to(loss).reshape(()) for value in (*parts.values(), norm, healthy)])


def _flush(pending: list[Tensor], names: dict[str, tuple[str, ...]], history: History, bar: Bar) -> str:
    """Move the pending rows from the device to the history. Returns why training has to stop, "" if it has not."""
    if not pending:
        return ""
    rows = torch.stack(pending).tolist()
    bar.update(len(pending))
    pending.clear()
    for numbers in rows:
        step = len(history) + 1
        row: dict[str, float] = {}
        for player, parts in names.items():
            *values, healthy = (numbers.pop(0) for _ in (*parts, "grad_norm", "healthy"))
            row |= {f"{player}.{part}" if player else part: v for part, v in zip((*parts, "grad_norm"), values, strict=True)}
            if not healthy:
                loss, norm = values[parts.index("loss")], values[-1]
                turn = f", in the turn of {player}" if player else ""
                kept = (
                    "Every network keeps its last finite weights"
                    if player
                    else f"The model keeps the weights after step {step - 1}"
                )
                return (
                    f"stopped at step {step}{turn}, where the loss is {loss:.4g} and the gradient norm {norm:.4g}. "
                    f"{kept}. {CURE}"
                )
        history.append({"step": step, **row})
    losses = {name: value for name, value in row.items() if name.endswith("loss")}
    bar.set_postfix_str(", ".join(f"{name}={value:.4g}" for name, value in losses.items()), refresh=False)
    return ""


def _lost(history: History, players: tuple[str, ...]) -> str:
    """Why the last ten steps are no training any more though all their numbers are finite, "" if they may be."""
    last = history[-10:]
    if len(last) < 10:
        return ""
    if players == ("",):
        first, now = history[0]["loss"], median(row["loss"] for row in last)
        lost = now > TIMES * max(abs(first), 1)
        return f"the loss, {first:.4g} at first, is {now:.4g}, the median of the last ten steps" if lost else ""
    idle = [player for player in players if not any(row[f"{player}.grad_norm"] for row in last)]
    return f"in the last ten steps the gradient of {' and '.join(idle)} was 0" if idle else ""


@contextmanager
def _at_rest(networks: Sequence[nn.Module]) -> Iterator[None]:
    """Evaluation mode, no gradients, and PyTorch's random state put back at the end: a look changes nothing."""
    modes = [(module, module.training) for network in networks for module in network.modules()]
    device = next(networks[0].parameters()).device
    for network in networks:
        network.eval()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            yield
    finally:
        for module, mode in modes:
            module.training = mode


def _look(networks: Sequence[nn.Module], watch: Sequence[Watcher], step: int) -> None:
    due = [watcher for watcher in watch if watcher.wants(step)]
    if due:
        with _at_rest(networks):
            for watcher in due:
                watcher.record(step)

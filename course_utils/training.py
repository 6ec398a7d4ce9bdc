"""One training loop. What is trained, on what and for what stands in the lesson: `fit` only turns the crank."""

import io
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm
from tqdm.std import tqdm

Objective = Callable[[Tensor, Tensor], dict[str, Tensor]]


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


class Bar(tqdm):
    """A tqdm bar that a notebook shows as one line of text, rewritten in place.

    tqdm's own notebook bar is a widget, and a widget is blank wherever a saved notebook is only read.
    """

    def __init__(self, **kwargs) -> None:
        self.handle = _notebook_line()
        file = io.StringIO() if self.handle else None  # in a notebook nothing goes to stderr, which it paints red
        super().__init__(file=file, mininterval=0.2, ncols=80, ascii=False, **kwargs)

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
    optimizer: default Adam with learning rate `lr`. schedule: stepped once after every step.
    watch: looks at the model before the first step and after the steps it wants, e.g. a `Film`.
    sync_every: every how many steps the device is asked for its numbers; default 1 on the CPU, 50 on a GPU.

    A step whose loss or gradient norm is not finite is not taken: training stops there with a sentence, and the model keeps
    its last good weights. An interrupt also stops with a sentence and keeps what was trained.
    """
    parameters = [p for p in model.parameters() if p.requires_grad]
    device = parameters[0].device
    optimizer = optimizer or torch.optim.Adam(parameters, lr=lr, fused=True)
    sync_every = sync_every or (1 if device.type == "cpu" else 50)
    healthy = torch.ones((), dtype=torch.bool, device=device)
    history, pending = History(), []
    model.train()
    _look(model, watch, 0)
    with Bar(total=steps, desc=label, unit="step") as bar:
        try:
            for step in range(1, steps + 1):
                x, y = next(batches)
                buffers = [(b, b.clone()) for b in model.buffers()]
                parts = objective(x, y)
                optimizer.zero_grad()
                parts["loss"].backward()
                norm = get_total_norm([p.grad for p in parameters if p.grad is not None])
                healthy = healthy & torch.isfinite(parts["loss"].detach()) & torch.isfinite(norm)
                _step_if(healthy, optimizer)
                for buffer, before in buffers:
                    buffer.copy_(torch.where(healthy, buffer, before))
                pending.append(torch.stack([value.detach().float() for value in (*parts.values(), norm)]))
                if step % sync_every == 0 or step == steps:
                    for numbers in torch.stack(pending).tolist():
                        history.append(dict(zip(("step", *parts, "grad_norm"), (len(history) + 1, *numbers), strict=True)))
                    bar.set_postfix_str(f"loss={history[-1]['loss']:.4g}", refresh=False)
                    bar.update(len(pending))
                    pending.clear()
                    if not healthy.item():
                        break
                if schedule is not None:
                    schedule.step()
                _look(model, watch, step)
        except KeyboardInterrupt:
            print(f"{label}: interrupted after {len(history)} steps; the model keeps what it has learned so far.")
            return history
    return _until_broken(history, label)


def _step_if(healthy: Tensor, optimizer: torch.optim.Optimizer) -> None:
    """Take the step only where `healthy` is true; fused kernels read the flag on the device, without waiting for it."""
    if getattr(optimizer, "_step_supports_amp_scaling", False):
        optimizer.found_inf = (~healthy).float()
        optimizer.step()
    elif healthy.item():
        optimizer.step()


def _until_broken(history: History, label: str) -> History:
    """The rows before the first one that is not finite, with a sentence if there is one."""
    for n, row in enumerate(history):
        if not (math.isfinite(row["loss"]) and math.isfinite(row["grad_norm"])):
            print(
                f"{label}: stopped at step {row['step']}, where the loss is {row['loss']:.4g} and the gradient norm "
                f"{row['grad_norm']:.4g}. The model keeps the weights after step {row['step'] - 1}. "
                "Usual cure: a smaller learning rate."
            )
            return History(history[:n])
    return history


@contextmanager
def _at_rest(model: nn.Module) -> Iterator[None]:
    """Evaluation mode, no gradients, and the random state put back at the end: a look changes nothing."""
    modes = [(module, module.training) for module in model.modules()]
    device = next(model.parameters()).device
    model.eval()
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
            yield
    finally:
        for module, mode in modes:
            module.training = mode


def _look(model: nn.Module, watch: Sequence[Watcher], step: int) -> None:
    due = [watcher for watcher in watch if watcher.wants(step)]
    if due:
        with _at_rest(model):
            for watcher in due:
                watcher.record(step)

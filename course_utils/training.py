"""One training loop. What is trained, on what and for what stands in the lesson: `fit` only turns the crank."""

import io
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

    def __repr__(self) -> str:
        last = ", ".join(f"{name} {value:.4g}" for name, value in self[-1].items()) if self else "nothing"
        return f"History of {len(self)} steps; the last: {last}"


class Bar(tqdm):
    """A tqdm bar that a notebook shows as one line of text, rewritten in place.

    tqdm's own notebook bar is a widget, and a widget is blank wherever a saved notebook is only read.
    """

    def __init__(self, **kwargs) -> None:
        self.handle = _notebook_line()
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
    sync_every: every how many steps the device is asked for its numbers; default 1 on the CPU, 50 on a GPU.

    The model trains in training mode and is left in evaluation mode, ready to be looked at.

    A step that makes the loss, the gradient norm or a buffer (a BatchNorm statistic, say) infinite or NaN is not taken:
    training stops there with a sentence, and the model keeps its last finite weights. An interrupt keeps what was trained.
    """
    if schedule is not None and optimizer is None:
        raise ValueError("a schedule changes the learning rate of its own optimizer: pass that optimizer, too")
    optimizer = optimizer or torch.optim.Adam((p for p in model.parameters() if p.requires_grad), lr=lr, fused=True)
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    device = parameters[0].device
    sync_every = sync_every or (1 if device.type == "cpu" else 50)
    healthy = torch.ones((), dtype=torch.bool, device=device)
    history, pending, names, stopped = History(), [], (), ""
    model.train()
    _look(model, watch, 0)
    with Bar(total=steps, desc=label, unit="step") as bar:
        try:
            for step in range(1, steps + 1):
                x, y = next(batches)
                before = {name: buffer.clone() for name, buffer in model.named_buffers()}
                parts = objective(x, y)
                optimizer.zero_grad()
                parts["loss"].backward()
                norm = get_total_norm([p.grad for p in parameters if p.grad is not None])
                healthy = healthy & _finite(parts["loss"].detach(), norm, *model.buffers())
                _step_if(healthy, optimizer)
                _put_back_unless(healthy, model, before)
                names = names or tuple(parts)
                pending.append(_row(names, parts, norm, healthy))
                if step % sync_every == 0 or step == steps:
                    stopped = _flush(pending, names, history, bar)
                    if stopped:
                        break
                if schedule is not None:
                    schedule.step()
                _look(model, watch, step)
        except KeyboardInterrupt:
            stopped = (
                _flush(pending, names, history, bar)
                or f"interrupted after {len(history)} steps. The model keeps what it has learned."
            )
        finally:
            optimizer.__dict__.pop("found_inf", None)
            model.eval()
    if stopped:
        print(f"{label}: {stopped}")
    return history


def _finite(*values: Tensor) -> Tensor:
    """Whether all entries of all values are finite: one flag, on the device."""
    return torch.stack([torch.isfinite(value).all() for value in values]).all()


def _step_if(healthy: Tensor, optimizer: torch.optim.Optimizer) -> None:
    """Take the step only where `healthy` is true; fused kernels read the flag on the device, without waiting for it."""
    if getattr(optimizer, "_step_supports_amp_scaling", False):
        optimizer.found_inf = (~healthy).float()
        optimizer.step()
    elif healthy.item():
        optimizer.step()


@torch.no_grad()
def _put_back_unless(healthy: Tensor, model: nn.Module, before: dict[str, Tensor]) -> None:
    for name, buffer in model.named_buffers():
        buffer.copy_(torch.where(healthy, buffer, before[name]))


def _row(names: tuple[str, ...], parts: dict[str, Tensor], norm: Tensor, healthy: Tensor) -> Tensor:
    """One step's numbers in one tensor, still on the device: the parts, the gradient norm, the flag."""
    if tuple(parts) != names:
        raise ValueError(
            f"the objective must return the same parts at every step: first {', '.join(names)}, now {', '.join(parts)}"
        )
    loss = parts["loss"].detach()
    return torch.stack([torch.as_tensor(value).detach().to(loss).reshape(()) for value in (*parts.values(), norm, healthy)])


def _flush(pending: list[Tensor], names: tuple[str, ...], history: History, bar: Bar) -> str:
    """Move the pending rows from the device to the history. Returns why training has to stop, "" if it has not."""
    if not pending:
        return ""
    rows = torch.stack(pending).tolist()
    bar.update(len(pending))
    pending.clear()
    for *numbers, healthy in rows:
        step = len(history) + 1
        row = dict(zip(("step", *names, "grad_norm"), (step, *numbers), strict=True))
        if not healthy:
            return (
                f"stopped at step {step}, where the loss is {row['loss']:.4g} and the gradient norm {row['grad_norm']:.4g}. "
                f"The model keeps the weights after step {step - 1}. Usual cure: a smaller learning rate."
            )
        history.append(row)
    bar.set_postfix_str(f"loss={row['loss']:.4g}", refresh=False)
    return ""


@contextmanager
def _at_rest(model: nn.Module) -> Iterator[None]:
    """Evaluation mode, no gradients, and PyTorch's random state put back at the end: a look changes nothing."""
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

"""Flows: the path from noise to data that a velocity field describes, and what can be done with it.

Time runs from 0, noise, to 1, data.
"""

import math
from collections.abc import Callable

import torch
from torch import Tensor

Field = Callable[[Tensor, Tensor], Tensor]  # places (B, d), times (B,) → velocities (B, d)


@torch.no_grad()
def integrate(
    velocity: Field,
    x: Tensor,
    *,
    steps: int,
    start: float = 0.0,
    end: float = 1.0,
    midpoint: bool = True,
) -> Tensor:
    """Solve dx/dt = velocity(x, t) from one time to another, in equal steps.

    Args:
        velocity: the field: (B, d) and times (B,) → (B, d).
        x: the places at the time `start`, (B, d).
        steps: how many.
        start: the first time.
        end: the last time; before `start` for the way back.
        midpoint: take the velocity in the middle of a step, an error of order 1 / steps², with two
            calls a step; else at its beginning (Euler), of order 1 / steps.

    Returns:
        The places at all times, (steps + 1, B, d).

    Raises:
        ValueError: where there are no steps.
    """
    _check_steps(steps)
    dt, path = (end - start) / steps, [x]
    for i in range(steps):
        t = torch.full((len(x),), start + i * dt, dtype=x.dtype, device=x.device)
        v = velocity(x, t)
        if midpoint:
            v = velocity(x + 0.5 * dt * v, t + 0.5 * dt)
        x = x + dt * v
        path.append(x)
    return torch.stack(path)


def guided(velocity: Callable, y: Tensor, weight: float, *, nothing: int) -> Field:
    """Return a field that follows the label y more than the data do.

    It is v(x, t, nothing) + w · (v(x, t, y) − v(x, t, nothing)). With w = 0 the label is ignored,
    and w = 1 is the conditional field. (Ho & Salimans write 1 + w for this w.)

    Args:
        velocity: (B, d), times (B,), labels (B,) → (B, d), trained with and without labels.
        y: the requested labels, (B,).
        weight: w.
        nothing: the label that stands for "no label" in the training.

    Source: Ho & Salimans 2022, equation 6.
    """

    def field(x: Tensor, t: Tensor) -> Tensor:
        if weight == 1:
            return velocity(x, t, y)
        free = velocity(x, t, torch.full_like(y, nothing))
        return free + weight * (velocity(x, t, y) - free) if weight else free

    return field


def log_density(velocity: Field, x: Tensor, *, steps: int) -> Tensor:
    """Compute log p(x) of the flow that starts from N(0, I), by the way back to the noise.

    Along a path, d log p / dt = −trace of ∂velocity/∂x. The trace is exact: one derivative for each
    dimension, so this is meant for few dimensions.

    Args:
        velocity: the field: (B, d) and times (B,) → (B, d), differentiable in the places.
        x: places at time 1, (B, d).
        steps: of the midpoint rule.

    Returns:
        Nats, (B,).

    Raises:
        ValueError: where there are no steps.

    Source: Chen et al. 2018, theorem 1 (instantaneous change of variables).
    """
    _check_steps(steps)
    dt, gained = -1.0 / steps, torch.zeros(len(x), dtype=x.dtype, device=x.device)
    for i in range(steps):
        t = torch.full((len(x),), 1.0 + i * dt, dtype=x.dtype, device=x.device)
        with torch.no_grad():
            middle = x + 0.5 * dt * velocity(x, t)
        v, trace = _with_trace(velocity, middle, t + 0.5 * dt)
        x, gained = x + dt * v, gained - dt * trace
    normal = -0.5 * (x.square() + math.log(2 * math.pi)).sum(dim=1)
    return normal - gained


def _check_steps(steps: int) -> None:
    if steps < 1:
        raise ValueError(f"expected at least one step, got {steps}")


def _with_trace(velocity: Field, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
    """The velocities (B, d), and the trace of their derivative by the places, (B,)."""
    with torch.enable_grad():
        x = x.detach().requires_grad_()
        v = velocity(x, t)
        trace = torch.zeros(len(x), dtype=x.dtype, device=x.device)
        for i in range(x.shape[1]):
            (row,) = torch.autograd.grad(v[:, i].sum(), x, retain_graph=True)
            trace = trace + row[:, i]
    return v.detach(), trace.detach()

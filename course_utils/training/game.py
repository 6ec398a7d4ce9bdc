"""One step of every player: its own loss, its own gradient, its own optimizer."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor, nn
from torch.nn.utils import get_total_norm

from course_utils.training import distributed

Objective = Callable[[Tensor, Tensor], dict[str, Tensor]]


@dataclass
class Player:
    """What is trained, for what, and how: one network of a game.

    network: its parameters are those of `optimizer`.
    objective: a closure (x, y) → {"loss": scalar, other parts: scalars}. Only "loss" is
        differentiated, and only with respect to this network.
    schedule: of the optimizer; stepped once after every step.
    average: gets the network's weights after each of its turns.
    """

    network: nn.Module
    objective: Objective
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler | None = None
    average: torch.optim.swa_utils.AveragedModel | None = None


class Game:
    """Players that train together.

    parts: the names of the parts of every player's objective, known after its first turn.
    networks: of all players, in order. device: of their parameters.
    """

    def __init__(self, players: Mapping[str, Player]) -> None:
        self.players = players
        self.networks = [player.network for player in players.values()]
        self.parts: dict[str, tuple[str, ...]] = {}
        # In order and each one once: players may share parameters.
        self._parameters = list(
            {p: None for network in self.networks for p in network.parameters()}
        )
        self._trained = [p for p in self._parameters if p.requires_grad]
        self._own = {
            name: [p for group in player.optimizer.param_groups for p in group["params"]]
            for name, player in players.items()
        }
        self._schedules = list(
            {p.schedule: None for p in players.values() if p.schedule is not None}
        )
        self.device = self._parameters[0].device
        # One flag for the whole training, on the device: asking for it would make a GPU wait at
        # every step.
        self._healthy = torch.ones((), dtype=torch.bool, device=self.device)

    @contextmanager
    def in_training(self) -> Iterator[None]:
        """Training mode; at the end evaluation mode, and no trace of how it was done."""
        for network in self.networks:
            network.train()
        try:
            yield
        finally:
            for p in self._trained:
                p.requires_grad_(True)  # an interrupt may have come while some were frozen
            for player in self.players.values():
                player.optimizer.__dict__.pop("found_inf", None)
                player.network.eval()

    def step(self, x: Tensor, y: Tensor) -> Tensor:
        """Every player in turn takes one step on its own loss, all on the same batch.

        x: (B, …). y: (B,). Returns all numbers of the step in one tensor, on the device: for each
        player the parts of its objective, its gradient norm, and 1 where everything so far was
        finite, else 0.
        """
        return torch.cat([self._turn(name, x, y) for name in self.players])

    def step_schedules(self) -> None:
        for schedule in self._schedules:
            schedule.step()

    def _turn(self, name: str, x: Tensor, y: Tensor) -> Tensor:
        player, own = self.players[name], self._own[name]
        # A forward pass moves BatchNorm's statistics, and those of other players too, before its
        # loss is known.
        before = [
            (buffer, buffer.clone()) for network in self.networks for buffer in network.buffers()
        ]
        player.optimizer.zero_grad()
        with self._others_frozen(own):
            parts = player.objective(x, y)
            self._note(name, parts)
            parts["loss"].backward()
        parts = distributed.averaged(parts, own)
        norm = get_total_norm([p.grad for p in own if p.grad is not None])
        self._healthy = self._healthy & _finite(
            parts["loss"].detach() + norm, *(buffer for buffer, _ in before)
        )
        _step_if(self._healthy, player.optimizer)
        _restore_unless(self._healthy, before)
        if player.average is not None:
            player.average.update_parameters(player.network)
        loss = parts["loss"].detach()
        row = (*parts.values(), norm, self._healthy)
        return torch.stack([torch.as_tensor(value).detach().to(loss).reshape(()) for value in row])

    @contextmanager
    def _others_frozen(self, own: list[Tensor]) -> Iterator[None]:
        """All parameters but `own` are frozen: gradients pass through, and none stays."""
        mine = {id(p) for p in own}
        others = [p for p in self._parameters if p.requires_grad and id(p) not in mine]
        for p in others:
            p.requires_grad_(False)
        try:
            yield
        finally:
            for p in others:
                p.requires_grad_(True)

    def _note(self, name: str, parts: object) -> None:
        """Keep the names of a player's parts. Raises TypeError or ValueError for others."""
        if name not in self.parts:
            self.parts[name] = _names(parts)
        elif tuple(parts) != self.parts[name]:
            first, now = ", ".join(self.parts[name]), ", ".join(parts)
            raise ValueError(
                f"the objective must return the same parts at every step: first {first}, now {now}"
            )


def _names(parts: object) -> tuple[str, ...]:
    """The names of an objective's parts.

    Raises TypeError for anything but numbers by name, one of them the loss.
    """
    shapes = (
        {n: list(torch.as_tensor(part).shape) for n, part in parts.items()}
        if isinstance(parts, Mapping)
        else {}
    )
    if "loss" in shapes and all(prod(shape) == 1 for shape in shapes.values()):
        return tuple(shapes)
    got = f"parts of shapes {shapes}" if shapes else f"an object of type {type(parts).__name__}"
    raise TypeError(
        'an objective returns numbers by name, one of them the loss: {"loss": loss, …}; got'
        f" {got}"
    )


def _finite(*values: Tensor) -> Tensor:
    """Whether all entries of all values are finite: one flag, on the device."""
    flags = [torch.isfinite(value).all() for value in values]
    return torch.stack(flags).all() if len(flags) > 1 else flags[0]


def _step_if(healthy: Tensor, optimizer: torch.optim.Optimizer) -> None:
    """Take the step only where `healthy` is true.

    Fused optimizers read the flag `found_inf` on the device and skip the step by themselves, as in
    mixed precision. Other optimizers have to wait for the flag.
    """
    if getattr(optimizer, "_step_supports_amp_scaling", False):
        optimizer.found_inf = (~healthy).float()  # type: ignore[attr-defined]
        optimizer.step()
    elif healthy.item():
        optimizer.step()


@torch.no_grad()
def _restore_unless(healthy: Tensor, before: list[tuple[Tensor, Tensor]]) -> None:
    for buffer, old in before:
        buffer.copy_(torch.where(healthy, buffer, old))

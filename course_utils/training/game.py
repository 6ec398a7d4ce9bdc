"""One training step of every player: its own loss, its own gradient, its own optimizer."""

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
    """One network of a game, with its loss and its optimizer.

    Attributes:
        network: the network to train.
        objective: a function of a batch (x, y) that returns {"loss": scalar, other parts: scalars}.
            Only "loss" is differentiated, and only with respect to this player's parameters.
        optimizer: of the network's parameters.
        schedule: of the optimizer's learning rate; advanced after every step.
        average: a running average of the network's weights; updated after each of its steps.
    """

    network: nn.Module
    objective: Objective
    optimizer: torch.optim.Optimizer
    schedule: torch.optim.lr_scheduler.LRScheduler | None = None
    average: torch.optim.swa_utils.AveragedModel | None = None


class Game:
    """Players that train together.

    Attributes:
        players: the players by name, in the order of their turns.
        networks: the networks of all players, in that order.
        parts: the names of the parts of every player's objective, known after its first turn.
        device: of the parameters.
    """

    def __init__(self, players: Mapping[str, Player]) -> None:
        self.players = players
        self.networks = [player.network for player in players.values()]
        self.parts: dict[str, tuple[str, ...]] = {}
        # In order, and each one once: players may share parameters.
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
        # One flag for the whole run, on the device: to read it at every step would make the CPU
        # wait for the GPU.
        self._healthy = torch.ones((), dtype=torch.bool, device=self.device)

    @contextmanager
    def in_training(self) -> Iterator[None]:
        """Put all networks into training mode for the block, and into evaluation mode after it."""
        for network in self.networks:
            network.train()
        try:
            yield
        finally:
            for p in self._trained:
                p.requires_grad_(True)  # an interrupt may have come while some were frozen
            for player in self.players.values():
                # `_step_if` has set it; left there, it would decide on steps outside of the game.
                player.optimizer.__dict__.pop("found_inf", None)
                player.network.eval()

    def step(self, x: Tensor, y: Tensor) -> Tensor:
        """Let every player in turn take one step on its own loss, all on the same batch.

        Args:
            x: (B, …).
            y: (B,).

        Returns:
            The numbers of the step in one tensor on the device. For each player: the parts of its
            objective, its gradient norm, and 1 if everything so far was finite, else 0.
        """
        return torch.cat([self.turn(name, x, y) for name in self.players])

    def step_schedules(self) -> None:
        """Advance every learning-rate schedule by one step."""
        for schedule in self._schedules:
            schedule.step()

    def turn(self, name: str, x: Tensor, y: Tensor) -> Tensor:
        """Let one player take one step on its own loss, with all other players frozen.

        Args:
            name: of the player.
            x: (B, …).
            y: (B,).

        Returns:
            This player's part of what `step` returns; the first number is the loss, where that is
            the first part of its objective.
        """
        player, own = self.players[name], self._own[name]
        # A forward pass changes BatchNorm's statistics, those of other players too, before its
        # loss is known: kept here, in case that loss is not finite.
        before = [
            (buffer, buffer.clone()) for network in self.networks for buffer in network.buffers()
        ]
        player.optimizer.zero_grad()
        with self._others_frozen(own):
            parts = player.objective(x, y)
            self._note(name, parts)
            _check_loss(parts["loss"])
            parts["loss"].backward()
        parts = distributed.averaged(parts, own)
        norm = get_total_norm([p.grad for p in own if p.grad is not None])
        # A sum is finite only if both are; once false, the flag stays false.
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
        """Freeze all parameters but `own`: gradients pass through them and are not stored there."""
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
        """Remember the names of a player's parts, and raise ValueError if they change."""
        if name not in self.parts:
            self.parts[name] = _names(parts)
        elif tuple(parts) != self.parts[name]:
            first, now = ", ".join(self.parts[name]), ", ".join(parts)
            raise ValueError(
                f"the objective must return the same parts at every step: first {first}, now {now}"
            )


def _names(parts: object) -> tuple[str, ...]:
    """Return the names of an objective's parts; TypeError unless they are numbers with a loss."""
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


def _check_loss(loss: object) -> None:
    """Raise TypeError unless gradients can be computed from this loss."""
    if not (isinstance(loss, Tensor) and loss.requires_grad):
        got = "a tensor without a gradient" if isinstance(loss, Tensor) else type(loss).__name__
        raise TypeError(
            f"the loss must be a tensor that depends on the network's parameters, got {got}: is"
            " there an .item(), a .detach() or a torch.no_grad() on the way to it?"
        )


def _finite(*values: Tensor) -> Tensor:
    """Return whether all entries of all values are finite: one flag, on the device."""
    flags = [torch.isfinite(value).all() for value in values]
    return torch.stack(flags).all() if len(flags) > 1 else flags[0]


def _step_if(healthy: Tensor, optimizer: torch.optim.Optimizer) -> None:
    """Take the optimizer's step only where `healthy` is true.

    Fused optimizers read the flag `found_inf` on the device and skip the step themselves, as in
    mixed precision training, so that the CPU need not wait for the GPU. Other optimizers wait for
    the flag.
    """
    if getattr(optimizer, "_step_supports_amp_scaling", False):
        optimizer.found_inf = (~healthy).float()  # type: ignore[attr-defined]
        optimizer.step()
    elif healthy.item():
        optimizer.step()


@torch.no_grad()
def _restore_unless(healthy: Tensor, before: list[tuple[Tensor, Tensor]]) -> None:
    """Give the buffers their old values back unless `healthy` is true."""
    for buffer, old in before:
        buffer.copy_(torch.where(healthy, buffer, old))

"""When a run must stop, and which state it then goes back to."""

import copy
from collections.abc import Mapping, Sequence
from statistics import median

from course_utils.training.game import Player
from course_utils.training.state import restore, state_of

TIMES = 10  # a run is lost where its loss stays above this many times the first one
KEEP = 200  # steps between two kept states: few are lost at a stop, and copying costs little
WINDOW = 10  # steps that are checked: one bad batch is no reason to stop
CURE = "Usual cure: a smaller learning rate."


class Stopped(Exception):
    """A run that cannot continue; the message says why, and what is left of it."""


class Health:
    """Checks the numbers of a run, and keeps its last good state.

    Args:
        players: the players by name.
        steps: number of steps of the run.
    """

    def __init__(self, players: Mapping[str, Player], steps: int) -> None:
        self._players, self._steps = players, steps
        self._keep(0)

    def check(self, history: Sequence[Mapping[str, float]]) -> None:
        """Check the last steps of a run, and keep its state every `KEEP` steps.

        Args:
            history: the rows of all steps so far.

        Raises:
            Stopped: where the loss stays far above the first one, or a player has had no gradient
                for ten steps; all networks and optimizers are then as they were last kept.
        """
        step = len(history)
        if lost := _lost(history[-WINDOW:], history[0], self._players):
            restore(self._players, self._kept)
            kept = f"Everything is back as it was after step {self._kept_at}."
            raise Stopped(f"stopped at step {step}: {lost}. {kept} {CURE}")
        if step < self._steps and step - self._kept_at >= KEEP:
            self._keep(step)

    def _keep(self, step: int) -> None:
        self._kept, self._kept_at = copy.deepcopy(state_of(self._players)), step


def _lost(
    last: Sequence[Mapping[str, float]], first: Mapping[str, float], players: Mapping[str, Player]
) -> str:
    """Return why the `last` steps are no training although they are finite; "" if they may be."""
    if len(last) < WINDOW:
        return ""
    if set(players) == {""}:  # `fit`: in a game, a growing loss may be the other player's success
        now = median(row["loss"] for row in last)
        # At least 1: a first loss near 0 would make every other one look large.
        if now <= TIMES * max(abs(first["loss"]), 1):
            return ""
        return (
            f"the loss, {first['loss']:.4g} at first, is {now:.4g}, the median of the last ten"
            " steps"
        )
    idle = [player for player in players if not any(row[f"{player}.grad_norm"] for row in last)]
    return f"in the last ten steps the gradient of {' and '.join(idle)} was 0" if idle else ""


def not_finite(step: int, player: str, loss: float, norm: float) -> Stopped:
    """Return the error for a step whose numbers are not finite, and which was therefore not taken.

    Args:
        step: number of the step.
        player: name of the player; "" in `fit`.
        loss: the player's loss.
        norm: its gradient norm.
    """
    turn = f", in the turn of {player}" if player else ""
    kept = (
        "Every network keeps its last finite weights"
        if player
        else f"The model keeps the weights after step {step - 1}"
    )
    return Stopped(
        f"stopped at step {step}{turn}, where the loss is {loss:.4g} and the gradient norm"
        f" {norm:.4g}. {kept}. {CURE}"
    )

"""When a training must stop, and the state that it then goes back to."""

import copy
from collections.abc import Mapping, Sequence
from statistics import median

from course_utils.training.game import Player
from course_utils.training.state import restore, state_of

TIMES = 10  # a loss that stays above this many times the first one is lost
KEEP = 200  # steps after which all is kept again: not much to lose, and not much to copy
WINDOW = 10  # steps that are looked at: one bad batch is no reason to stop
CURE = "Usual cure: a smaller learning rate."


class Stopped(Exception):
    """A training that cannot go on; the message says why, and what is left."""


class Health:
    """Looks at the numbers of a training, and keeps its last good state."""

    def __init__(self, players: Mapping[str, Player], steps: int) -> None:
        self._players, self._steps = players, steps
        self._keep(0)

    def check(self, history: Sequence[Mapping[str, float]]) -> None:
        """Raise Stopped where the last steps are no training any more; all is then as it was last
        kept.
        """
        step = len(history)
        if lost := _lost(history[-WINDOW:], history[0], self._players):
            restore(self._players, self._kept)
            kept = f"All is again as it was after step {self._kept_at}."
            raise Stopped(f"stopped at step {step}: {lost}. {kept} {CURE}")
        if step < self._steps and step - self._kept_at >= KEEP:
            self._keep(step)

    def _keep(self, step: int) -> None:
        self._kept, self._kept_at = copy.deepcopy(state_of(self._players)), step


def _lost(
    last: Sequence[Mapping[str, float]], first: Mapping[str, float], players: Mapping[str, Player]
) -> str:
    """Why the `last` steps are no training though they are finite, "" if they may be."""
    if len(last) < WINDOW:
        return ""
    if set(players) == {""}:  # of `fit`
        now = median(row["loss"] for row in last)
        if now <= TIMES * max(abs(first["loss"]), 1):
            return ""
        return (
            f"the loss, {first['loss']:.4g} at first, is {now:.4g}, the median of the last ten"
            " steps"
        )
    idle = [player for player in players if not any(row[f"{player}.grad_norm"] for row in last)]
    return f"in the last ten steps the gradient of {' and '.join(idle)} was 0" if idle else ""


def not_finite(step: int, player: str, loss: float, norm: float) -> Stopped:
    """For a step whose numbers are not finite, and which was therefore not taken."""
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

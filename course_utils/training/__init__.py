"""Training: `fit` for one network, `play` for several, and `Film` to look on."""

from course_utils.training.film import Film, Watcher
from course_utils.training.game import Objective, Player
from course_utils.training.loop import History, fit, play

__all__ = ["Film", "History", "Objective", "Player", "Watcher", "fit", "play"]

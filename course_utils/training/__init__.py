"""Training: `fit` trains one network, `play` several; a `Film` records what happens meanwhile."""

from course_utils.training.film import Film, Watcher
from course_utils.training.game import Game, Objective, Player
from course_utils.training.loop import History, fit, play

__all__ = ["Film", "Game", "History", "Objective", "Player", "Watcher", "fit", "play"]

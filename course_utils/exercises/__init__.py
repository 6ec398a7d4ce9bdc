"""The tasks of the lessons, one spec each, for both `verify` and the grader."""

from typing import Any

from course_utils.exercises.catalogue import all_tasks
from course_utils.exercises.check import Result, check
from course_utils.exercises.task import Mistake, Part, Task
from course_utils.exercises.verify import verify

__all__ = ["TASKS", "Mistake", "Part", "Result", "Task", "check", "points_of", "verify"]


def points_of(lesson: str) -> int:
    """Return the points that the tasks of a lesson give together.

    Args:
        lesson: its number, e.g. "02".
    """
    return sum(task.points for task in all_tasks().values() if task.lesson == lesson)


def __getattr__(name: str) -> Any:
    if name == "TASKS":  # an attribute that is only read when it is used
        return all_tasks()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

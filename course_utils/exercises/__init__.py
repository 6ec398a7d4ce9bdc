"""The tasks of the lessons, one spec each, for both `verify` and the grader."""

from typing import Any

from course_utils.exercises.catalogue import all_tasks
from course_utils.exercises.check import Result, check
from course_utils.exercises.task import Mistake, Part, Task
from course_utils.exercises.verify import verify

__all__ = ["TASKS", "Mistake", "Part", "Result", "Task", "check", "verify"]


def __getattr__(name: str) -> Any:
    if name == "TASKS":  # an attribute that is only read when it is used
        return all_tasks()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

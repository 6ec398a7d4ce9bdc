"""The specs of all tasks, with references and mistakes: all answers are here.

A class repository does not contain this folder.
"""

from importlib import import_module

from course_utils.exercises.task import Task

MODULES = [import_module(f"{__name__}.lesson_{number:02}") for number in range(1, 11)]
TASKS: dict[str, Task] = {task.name: task for module in MODULES for task in module.TASKS}

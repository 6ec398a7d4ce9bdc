"""The specs of all tasks, with references and mistakes: all answers are here. A class repository
goes without this folder.
"""

from course_utils.exercises.task import Task
from course_utils.exercises.tasks import (
    lesson_01,
    lesson_02,
    lesson_03,
    lesson_04,
    lesson_05,
    lesson_06,
    lesson_07,
    lesson_08,
    lesson_09,
)

MODULES = (
    lesson_01,
    lesson_02,
    lesson_03,
    lesson_04,
    lesson_05,
    lesson_06,
    lesson_07,
    lesson_08,
    lesson_09,
)
TASKS: dict[str, Task] = {task.name: task for module in MODULES for task in module.TASKS}

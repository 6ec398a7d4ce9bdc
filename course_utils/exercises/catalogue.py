"""All tasks, wherever they come from."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from course_utils.exercises import handout

# Of a class repository: the tasks without their answers.
HANDOUT = Path(__file__).parent / "handout.npz"


@cache
def all_tasks() -> Mapping[str, Any]:
    """All tasks by name, read when the first one is asked for: their references need SciPy and
    scikit-learn, and a second.
    """
    if HANDOUT.exists():
        return handout.read(HANDOUT)
    from course_utils.exercises.tasks import TASKS

    return TASKS

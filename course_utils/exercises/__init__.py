"""The tasks: one spec each, read by the instant check (`verify`) and by the grader alike."""

from course_utils.exercises import autoencoders, cgan, cvae, elbo, gan, pca, probability, vae, vae_gan
from course_utils.exercises.check import Result, check
from course_utils.exercises.spec import Mistake, Task

TASKS: dict[str, Task] = {
    task.name: task
    for task in (
        *probability.TASKS,
        *pca.TASKS,
        *autoencoders.TASKS,
        *elbo.TASKS,
        *vae.TASKS,
        *cvae.TASKS,
        *gan.TASKS,
        *cgan.TASKS,
        *vae_gan.TASKS,
    )
}

__all__ = ["TASKS", "Mistake", "Result", "Task", "check", "verify"]


def verify(name: str, function: object) -> Result:
    """Check your `function` for the task `name` on fresh random inputs: prints one line and returns the result.

    It never raises, though your own interrupt gets through. ✓ is right; ✗ says what was expected, what came and, where it can,
    why; ○ is not started yet.
    """
    if isinstance(name, str) and name in TASKS:
        result = check(TASKS[name], function)
    else:
        result = Result(str(name), "wrong", f"there is no task of this name; there are: {', '.join(TASKS)}", 0, 0)
    print(result)
    return result

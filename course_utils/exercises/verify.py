"""The instant check that a student calls."""

import difflib

from course_utils.exercises.borrowed import borrowed_by, withheld
from course_utils.exercises.calling import described
from course_utils.exercises.catalogue import all_tasks
from course_utils.exercises.check import SYMBOLS, Result, check


class Verify:
    """The instant check: `verify("task", function)` prints one line, `verify.summary()` the points
    of a lesson.
    """

    def __init__(self) -> None:
        self.last: dict[str, Result] = {}

    def __call__(self, name: str, function: object = None) -> Result:
        """Check your `function` for the task `name` on fresh random inputs: prints one line and
        returns the result.

        It never raises, though your own interrupt gets through. ✓ is right; ✗ says what was
        expected, what came and, where it can, why; ○ is not started yet.
        """
        if not (isinstance(name, str) and name in all_tasks()):
            close = difflib.get_close_matches(str(name), all_tasks(), n=1)
            known = f"did you mean {close[0]}?" if close else f"there are: {', '.join(all_tasks())}"
            result = Result(str(name), "wrong", f"there is no task of this name; {known}", 0, 0)
            print(result)
            return result
        task = all_tasks()[name]
        try:
            result = self._checked(task, function)
        except Exception as error:  # ours: the student's own are part of the result
            message = f"the check itself failed ({described(error)}): restart the kernel."
            result = Result(name, "wrong", message, 0, task.points)
        self.last[name] = result
        print(result)
        return result

    def _checked(self, task, function: object) -> Result:
        result = check(task, function)
        things = borrowed_by(function) if result.status == "right" else []
        if not things:
            return result
        # What stands in a branch that never runs is not borrowed: once more without it.
        with withheld(things) as all_of_them:
            if all_of_them and check(task, function).status == "right":
                return result
        message = (
            f"right, but by {things[0].what}, which a grader does not have: write that step"
            " yourself."
        )
        return Result(task.name, "wrong", message, 0, task.points)

    def summary(self) -> None:
        """Print the tasks of every lesson of which one was checked in this session; the last check
        of each counts.
        """
        lessons = sorted({all_tasks()[name].lesson for name in self.last})
        if not lessons:
            print("No task was checked yet: run the cells that begin with `verify`.")
        for lesson in lessons:
            own = [task for task in all_tasks().values() if task.lesson == lesson]
            results = [
                self.last.get(task.name, Result(task.name, "not started", "", 0, task.points))
                for task in own
            ]
            width = max(len(task.name) for task in own)
            for result in results:
                status = result.status if result.task in self.last else "not checked yet"
                status = "partly right" if 0 < result.points < result.of else status
                print(
                    f"{SYMBOLS[result.status]} {result.task:<{width}}  {result.points} of"
                    f" {result.of}  {status}"
                )
            print(
                f"  {f'lesson {lesson}':<{width}}  {sum(r.points for r in results)} of"
                f" {sum(r.of for r in results)}"
            )


verify = Verify()

"""`verify`: the check that a student calls in the notebook."""

import difflib

from course_utils.exercises.borrowed import borrowed_by, withheld
from course_utils.exercises.calling import described
from course_utils.exercises.catalogue import all_tasks
from course_utils.exercises.check import SYMBOLS, Result, check


class Verify:
    """Checks a student's functions: `verify("task", function)` one, `verify.summary()` a lesson."""

    def __init__(self) -> None:
        self.last: dict[str, Result] = {}

    def __call__(self, name: str, function: object = None) -> Result:
        """Check a function for a task on fresh random inputs, print one line and return the result.

        ✓ means right. ✗ comes with what was expected, what the function returned and, where the
        check can tell, why. ○ means not started yet. No error is ever raised, but an interrupt
        stops the check.

        Args:
            name: of the task.
            function: yours.
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
        except Exception as error:  # an error of the check; the student's own are in the result
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
        # Once more without these things: what stands in a branch that never runs is not needed.
        with withheld(things) as all_of_them:
            if all_of_them and check(task, function).status == "right":
                return result
        message = (
            f"right, but by {things[0].what}, which a grader does not have: write that step"
            " yourself."
        )
        return Result(task.name, "wrong", message, 0, task.points)

    def summary(self) -> None:
        """Print the points of every lesson of which a task was checked in this session.

        The last check of each task counts.
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

"""The tasks: one spec each, read by the instant check (`verify`) and by the grader alike."""

import difflib
import dis
import importlib.util
import sys
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

from course_utils.exercises import handout
from course_utils.exercises.check import SYMBOLS, Result, check
from course_utils.exercises.spec import Mistake, Part, Task

HANDOUT = Path(__file__).parent / "handout.npz"  # of a class repository: the tasks without their answers
HELD = ("torch", "numpy")  # what a grader has, beside Python's own modules

__all__ = ["TASKS", "Mistake", "Part", "Result", "Task", "check", "verify"]


@cache
def _tasks() -> Mapping[str, Any]:
    """All tasks, read when the first one is asked for: their references need SciPy and scikit-learn, and a second."""
    if HANDOUT.exists():
        return handout.read(HANDOUT)
    from course_utils.exercises.specs import TASKS

    return TASKS


def __getattr__(name: str) -> Any:
    if name == "TASKS":
        return _tasks()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


class Verify:
    """The instant check: `verify("task", function)` prints one line, `verify.summary()` the points of a lesson."""

    def __init__(self) -> None:
        self.last: dict[str, Result] = {}

    def __call__(self, name: str, function: object = None) -> Result:
        """Check your `function` for the task `name` on fresh random inputs: prints one line and returns the result.

        It never raises, though your own interrupt gets through. ✓ is right; ✗ says what was expected, what came and, where it
        can, why; ○ is not started yet.
        """
        if not (isinstance(name, str) and name in _tasks()):
            close = difflib.get_close_matches(str(name), _tasks(), n=1)
            known = f"did you mean {close[0]}?" if close else f"there are: {', '.join(_tasks())}"
            result = Result(str(name), "wrong", f"there is no task of this name; {known}", 0, 0)
            print(result)
            return result
        task = _tasks()[name]
        borrowed = borrows(function)
        result = check(task, function)
        if borrowed and result.status == "right":
            message = f"right, but by {borrowed}, which a grader does not have: write that step yourself."
            result = Result(name, "wrong", message, 0, task.points)
        self.last[name] = result
        print(result)
        return result

    def summary(self) -> None:
        """Print the tasks of every lesson of which one was checked in this session; the last check of each counts."""
        lessons = sorted({_tasks()[name].lesson for name in self.last})
        if not lessons:
            print("No task was checked yet: run the cells that begin with `verify`.")
        for lesson in lessons:
            tasks = [task for task in _tasks().values() if task.lesson == lesson]
            results = [self.last.get(task.name, Result(task.name, "not started", "", 0, task.points)) for task in tasks]
            width = max(len(task.name) for task in tasks)
            for result in results:
                status = result.status if result.task in self.last else "not checked yet"
                status = "partly right" if 0 < result.points < result.of else status
                print(f"{SYMBOLS[result.status]} {result.task:<{width}}  {result.points} of {result.of}  {status}")
            print(f"  {f'lesson {lesson}':<{width}}  {sum(r.points for r in results)} of {sum(r.of for r in results)}")


verify = Verify()


def borrows(function: object) -> str | None:
    """The first thing in `function`, or in the functions of the same notebook that it calls, that a grader does not have."""
    seen: set[int] = set()

    def search(value: object) -> str | None:
        origin = value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        if isinstance(origin, str) and _absent(origin):
            name = getattr(value, "__name__", type(value).__name__)
            return f"`{name}`" if isinstance(value, ModuleType) else f"`{name}` of {origin.split('.')[0]}"
        if id(value) in seen or isinstance(value, ModuleType):
            return None
        seen.add(id(value))
        if isinstance(value, FunctionType):
            absent = next(filter(_absent, _names(value.__code__)[1]), None)
            if absent:
                return f"an import of {absent.split('.')[0]}"
        return next(filter(None, map(search, _within(value))), None)

    try:
        return search(function)
    except Exception:  # an object that does not even let us ask where it comes from
        return None


def _within(value: object) -> list[object]:
    """What a function, class, method, object or container of a notebook holds, as far as it may come from elsewhere."""
    if isinstance(value, FunctionType):
        inside = [cell.cell_contents for cell in value.__closure__ or ()]
        inside += [*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
        if not _held(value.__globals__.get("__name__", "")):  # a wrapper of PyTorch's is searched no further
            inside += [value.__globals__[name] for name in _names(value.__code__)[0] if name in value.__globals__]
        return inside
    if isinstance(value, dict):
        return list(value.values())
    if isinstance(value, list | tuple | set):
        return list(value)
    if isinstance(value, partial):
        return [value.func, *value.args, *value.keywords.values()]
    if isinstance(value, MethodType | classmethod | staticmethod):
        return [value.__func__]
    kind = value if isinstance(value, type) else type(value)
    if _held(kind.__module__):
        return []
    return [*kind.__bases__, *vars(kind).values(), *getattr(value, "__dict__", {}).values()]


def _held(module: str) -> bool:
    """Whether a grader has it. A notebook itself is `__main__`, which is found among Python's own modules, too."""
    root = module.split(".")[0]
    return root in HELD or (root in sys.stdlib_module_names and root != "__main__")


def _absent(module: str) -> bool:
    """Whether a grader does not have it: the course, what was installed beside Python, a file beside the notebook."""
    root = module.split(".")[0]
    if root == "course_utils" or _held(root) or root == "__main__":
        return root == "course_utils"
    found = importlib.util.find_spec(root) if root not in sys.modules else getattr(sys.modules[root], "__spec__", None)
    return bool(getattr(found, "origin", None))


def _names(code: CodeType) -> tuple[list[str], list[str]]:
    """The global names that a function and those defined in it use, and the modules that they import."""
    steps = list(dis.get_instructions(code))
    names = [step.argval for step in steps if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")]
    imports = [step.argval for step in steps if step.opname == "IMPORT_NAME"]
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names, imports = (mine + inner for mine, inner in zip((names, imports), _names(constant), strict=True))
    return names, imports

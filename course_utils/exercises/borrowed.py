"""What a student's function takes from elsewhere, and a grader does not have."""

import dis
import importlib.util
import sys
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType

HELD = ("torch", "numpy")  # what a grader has, beside Python's own modules


def first_borrowed(function: object) -> str | None:
    """The first thing in `function`, or in the functions of the same notebook that it calls, that a
    grader does not have.
    """
    seen: set[int] = set()

    def search(value: object) -> str | None:
        origin = (
            value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        )
        if isinstance(origin, str) and _absent(origin):
            name = getattr(value, "__name__", type(value).__name__)
            return (
                f"`{name}`"
                if isinstance(value, ModuleType)
                else f"`{name}` of {origin.split('.')[0]}"
            )
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
    """What a function, class, method, object or container of a notebook holds, as far as it may
    come from elsewhere.
    """
    if isinstance(value, FunctionType):
        inside = [cell.cell_contents for cell in value.__closure__ or ()]
        inside += [*(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
        if not _held(
            value.__globals__.get("__name__", "")
        ):  # a wrapper of PyTorch's is searched no further
            inside += [
                value.__globals__[name]
                for name in _names(value.__code__)[0]
                if name in value.__globals__
            ]
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
    """Whether a grader has it.

    A notebook itself is `__main__`, which is found among Python's own modules, too.
    """
    root = module.split(".")[0]
    return root in HELD or (root in sys.stdlib_module_names and root != "__main__")


def _absent(module: str) -> bool:
    """Whether a grader does not have it: the course, what was installed beside Python, a file
    beside the notebook.
    """
    root = module.split(".")[0]
    if root == "course_utils" or _held(root) or root == "__main__":
        return root == "course_utils"
    found = (
        importlib.util.find_spec(root)
        if root not in sys.modules
        else getattr(sys.modules[root], "__spec__", None)
    )
    return bool(getattr(found, "origin", None))


def _names(code: CodeType) -> tuple[list[str], list[str]]:
    """The global names that a function and those defined in it use, and the modules that they
    import.
    """
    steps = list(dis.get_instructions(code))
    names = [step.argval for step in steps if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")]
    imports = [step.argval for step in steps if step.opname == "IMPORT_NAME"]
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names, imports = (
                mine + inner for mine, inner in zip((names, imports), _names(constant), strict=True)
            )
    return names, imports

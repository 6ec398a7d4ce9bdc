"""Find what a student's function uses from elsewhere although a grader does not have it."""

import dis
import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

HELD = ("torch", "numpy", "scipy")  # what a grader has, beside Python's own modules


@dataclass(frozen=True)
class Borrowed:
    """Something that a function uses and a grader does not have.

    Attributes:
        what: its description, for the student.
        root: the top-level package it comes from.
        space: the namespace in which the function looks it up; None where it cannot be taken away,
            because it stands in a default, a closure or a container.
        name: its name in that namespace; "" for an import inside the function.
    """

    what: str
    root: str
    space: dict | None = None
    name: str = ""


def borrowed_by(function: object) -> list[Borrowed]:
    """Return what a function uses although a grader does not have it.

    Functions of the same notebook that it calls are searched, too.

    Args:
        function: the student's function, or any other object.
    """
    seen: set[int] = set()
    found: list[Borrowed] = []

    def search(value: object, space: dict | None = None, name: str = "") -> None:
        origin = (
            value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        )
        if isinstance(origin, str) and _absent(origin):
            root = origin.split(".")[0]
            known = getattr(value, "__name__", type(value).__name__)
            what = f"`{known}`" if isinstance(value, ModuleType) else f"`{known}` of {root}"
            found.append(Borrowed(what, root, space, name))
            return
        if id(value) in seen or isinstance(value, ModuleType):
            return
        seen.add(id(value))
        if isinstance(value, FunctionType):
            for module in filter(_absent, _names(value.__code__)[1]):
                root = module.split(".")[0]
                found.append(Borrowed(f"an import of {root}", root, value.__globals__))
            # What a grader has, such as a wrapper of PyTorch, may use whatever it wants.
            if not _held(value.__globals__.get("__name__", "")):
                for used in _names(value.__code__)[0]:
                    if used in value.__globals__:
                        search(value.__globals__[used], value.__globals__, used)
        for inner in _within(value):
            search(inner)

    with suppress(Exception):  # an object whose attributes cannot even be read
        search(function)
    return found


@contextmanager
def withheld(things: list[Borrowed]) -> Iterator[bool]:
    """Take these things away for the length of the block, as if a grader ran it.

    Args:
        things: what `borrowed_by` found.

    Yields:
        Whether all of them could be taken away.
    """
    values = [(t.space, t.name, t.space[t.name]) for t in things if t.space and t.name]
    roots = {thing.root for thing in things}
    loaded: dict[str, Any] = sys.modules  # a module that is None there cannot be imported
    modules = {name: module for name, module in loaded.items() if name.split(".")[0] in roots}
    # It runs this very check, so it stays loaded: its names are taken away, and a function that
    # imports it counts as one from which not everything could be taken.
    keep = "course_utils"
    try:
        for space, name, _ in values:
            space.pop(name, None)
        for name in modules:
            if name.split(".")[0] != keep:
                loaded[name] = None
        imports_it = any(not thing.name and thing.root == keep for thing in things)
        yield all(thing.space is not None for thing in things) and not imports_it
    finally:
        sys.modules.update(modules)
        for space, name, value in values:
            space[name] = value


def _within(value: object) -> list[object]:
    """Return the parts of a function, class, method, object or container that may be borrowed."""
    if isinstance(value, FunctionType):
        inside = []
        for cell in value.__closure__ or ():
            with suppress(ValueError):  # a variable that has no value yet
                inside.append(cell.cell_contents)
        return [*inside, *(value.__defaults__ or ()), *(value.__kwdefaults__ or {}).values()]
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
    """Return whether a grader has the module.

    The notebook itself is `__main__`, which is also among the names of Python's own modules.
    """
    root = module.split(".")[0]
    return root in HELD or (root in sys.stdlib_module_names and root != "__main__")


def _absent(module: str) -> bool:
    """Return whether a grader lacks the module: the course, installed packages, own files."""
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
    """Return the global names that code uses and the modules it imports, at all depths."""
    steps = list(dis.get_instructions(code))
    names = [step.argval for step in steps if step.opname in ("LOAD_GLOBAL", "LOAD_NAME")]
    imports = [step.argval for step in steps if step.opname == "IMPORT_NAME"]
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            names, imports = (
                mine + inner for mine, inner in zip((names, imports), _names(constant), strict=True)
            )
    return names, imports

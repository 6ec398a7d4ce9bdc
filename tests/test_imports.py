"""Imports go one way: in `course_utils` in the order of its LAYERS, from `course_tools` to
`course_utils`, never in a circle.
"""

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import course_tools
import course_utils

UTILS, TOOLS = (Path(package.__file__).parent for package in (course_utils, course_tools))
LAYERS = course_utils.LAYERS
FILES = sorted([*UTILS.rglob("*.py"), *TOOLS.rglob("*.py")])
POINTER = UTILS / "__main__.py"  # the old name of the commands, for one release


def module(path: Path) -> str:
    parts = path.relative_to(UTILS.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module(path): path for path in FILES}


def imported(path: Path) -> set[str]:
    """The modules of ours that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, (
                f"{path.name} imports relatively; the course names its modules in full"
            )
            names = [f"{node.module}.{alias.name}" for alias in node.names]
            found |= {name if name in MODULES else node.module for name in names}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return {name for name in found if name.split(".")[0] in ("course_utils", "course_tools")}


def layer(name: str) -> str:
    """The part of `course_utils` that a module belongs to."""
    root, _, rest = name.partition(".")
    return rest.split(".")[0] if root == "course_utils" else ""


def test_every_module_has_its_place():
    assert {layer(name) for name in MODULES if name.startswith("course_utils.")} - {
        "__main__"
    } == set(LAYERS)


@pytest.mark.parametrize("name", [name for name in MODULES if layer(name) in LAYERS])
def test_imports_only_what_comes_before(name):
    above = {*LAYERS[: LAYERS.index(layer(name))], layer(name), ""}
    assert {layer(other) for other in imported(MODULES[name])} <= above


@pytest.mark.parametrize(
    "path", [p for p in sorted(UTILS.rglob("*.py")) if p != POINTER], ids=lambda p: p.name
)
def test_what_lessons_import_knows_no_commands(path):
    assert "course_tools" not in path.read_text(encoding="utf-8")


def test_no_circle():
    """Also none that an import inside a function would hide.

    A package's `__init__` gathers, and is no part of its modules.
    """
    graph = {
        name: {
            other
            for other in imported(path)
            if other != name and MODULES[other].name != "__init__.py"
        }
        for name, path in MODULES.items()
        if path.name != "__init__.py"
    }
    TopologicalSorter(graph).prepare()  # raises CycleError


@pytest.mark.parametrize("name", LAYERS)
def test_only_the_exercises_know_of_themselves(name):
    if name != "exercises":
        for module in (m for m in MODULES if layer(m) == name):
            assert "exercises" not in {layer(other) for other in imported(MODULES[module])}

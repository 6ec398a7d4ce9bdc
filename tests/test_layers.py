"""Imports inside the package go one way, in the order of `course_utils.LAYERS`."""

import ast
from pathlib import Path

import pytest

import course_utils

PACKAGE = Path(course_utils.__file__).parent
LAYERS = course_utils.LAYERS
FILES = sorted(PACKAGE.rglob("*.py"))


def layer(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_layers(path: Path) -> set[str]:
    """The modules of the course that a file imports, wherever in the file."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name} imports relatively; the course names its modules in full"
            if node.module == "course_utils":
                found |= {alias.name for alias in node.names}
            elif (node.module or "").startswith("course_utils."):
                found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("course_utils.")}
    return found


def test_every_module_has_its_place():
    assert {layer(path) for path in FILES} - {"__init__", "__main__"} == set(LAYERS)


@pytest.mark.parametrize("path", [p for p in FILES if layer(p) in LAYERS], ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_only_what_comes_before(path):
    above = set(LAYERS[: LAYERS.index(layer(path))]) | {layer(path)}
    assert imported_layers(path) <= above


def test_only_teaching_may_use_the_exercises():
    users = {layer(path) for path in FILES if "exercises" in imported_layers(path)}
    assert users <= {"exercises", "teaching"}

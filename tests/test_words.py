"""Code speaks the field's words, none of the first edition's private ones, in short functions."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PACKAGES = ("course_utils", "course_tools")
FILES = [
    path for part in (*PACKAGES, "tests", "benchmarks") for path in (ROOT / part).rglob("*.py")
]
PRIVATE = set(
    "bend told rival alone as_asked ruler guard planted grown apart made few goes_on".split()
)
# Lines of a function without its docstring: beyond the first with a reason above it, beyond the
# second never.
LONG, LONGEST = 40, 60


def docstring_lines(node: ast.FunctionDef) -> int:
    first = node.body[0]
    is_docstring = ast.get_docstring(node) is not None
    return first.end_lineno - first.lineno + 1 if is_docstring else 0


def names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.arg | ast.keyword) and node.arg:
            yield node.arg
        elif isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.alias):
            yield (node.asname or node.name).split(".")[-1]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_names_are_words_of_the_field(path):
    assert not set(names(ast.parse(path.read_text(encoding="utf-8")))) & PRIVATE


@pytest.mark.parametrize(
    "path",
    [p for p in FILES if p.relative_to(ROOT).parts[0] in PACKAGES],
    ids=lambda path: path.stem,
)
def test_functions_are_short(path):
    lines = path.read_text(encoding="utf-8").splitlines()
    for node in ast.walk(ast.parse("\n".join(lines))):
        if isinstance(node, ast.FunctionDef):
            length = node.end_lineno - node.lineno + 1 - docstring_lines(node)
            assert length <= LONGEST, f"{node.name} has {length} lines"
            first = min([node.lineno, *(line.lineno for line in node.decorator_list)])
            above = lines[first - 2].lstrip()
            assert length <= LONG or above.startswith("# "), f"{node.name}: say why above it"

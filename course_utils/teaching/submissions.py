"""What a student's notebook holds: read as data, never run. `submit` and the grader both start here.

A notebook is found to be of a lesson by the tasks in it, so that neither its file name nor its metadata matter. Tasks come as a
dictionary from name to lesson, and nothing but Python is needed: the grader reads a submission inside its sandbox.
"""

import ast
import builtins
import json
import re
import symtable
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

LARGEST = 50_000_000  # bytes; an executed lesson with all its pictures has 2 million
USUAL = {"torch": "import torch", "np": "import numpy as np", "math": "import math"}  # as in the set-up cells
NOT_STARTED, WRITTEN, MISSING, BROKEN = "not started", "written", "missing", "does not parse"


class Unreadable(ValueError):
    """A file that is not a notebook; says what it is instead and what to do."""


@dataclass(frozen=True)
class Cell:
    """A code cell. tag: the task that its nbgrader metadata name, if any. tree: None if the source does not parse."""

    tag: str | None
    source: str
    tree: ast.Module | None


@dataclass(frozen=True)
class Answer:
    """What was found for one task. status: one of those above.

    source: the student's function with the helpers and imports it uses, to be run by itself. course: names that it takes from
    `course_utils`, which a grader does not have.
    """

    task: str
    status: str
    source: str = ""
    course: tuple[str, ...] = ()


def read(path: Path) -> dict:
    """A notebook file as JSON. Raises `Unreadable` with a sentence."""
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise Unreadable(too_large(path.name, size))
        return parse(path.read_bytes(), path.name)
    except OSError as error:
        raise Unreadable(f"{path.name} cannot be read: {error.strerror}.") from error


def too_large(name: str, size: int) -> str:
    return f"{name} has {size / 1e6:.0f} MB; at most {LARGEST / 1e6:.0f} are read. Clear its outputs."


def parse(content: bytes, name: str) -> dict:
    """The bytes of a notebook as JSON. Raises `Unreadable` with a sentence."""
    try:
        notebook = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError, MemoryError) as error:
        raise Unreadable(f"{name} is not a notebook, or a damaged one ({error.__class__.__name__}).") from error
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise Unreadable(f"{name} is not a notebook of format 4: it has no list of cells. Save it again in JupyterLab.")
    return notebook


def code_cells(notebook: dict) -> list[Cell]:
    """All code cells in order; what is not as the format says is passed over."""
    found = []
    for cell in notebook["cells"]:
        if not isinstance(cell, dict) or cell.get("cell_type") != "code":
            continue
        source = cell.get("source")
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            source = "".join(source)
        if isinstance(source, str):
            found.append(Cell(_tag(cell), source, _parsed(source)))
    return found


def answers(cells: list[Cell], tasks: Iterable[str]) -> dict[str, Answer]:
    """The answer to every task, found by the name of its function, else by the id of its cell.

    Of several definitions, as in a duplicated cell, the last one counts that is more than the stub.
    """
    return {task: _answer(cells, task) for task in tasks}


def lesson_of(cells: list[Cell], lessons: dict[str, str]) -> str | None:
    """The lesson of which most tasks are in the notebook; None if there is no task in it at all. lessons: of every task."""
    found = [lesson for name, lesson in lessons.items() if any(cell.tag == name or _defines(cell, name) for cell in cells)]
    return Counter(sorted(found)).most_common(1)[0][0] if found else None


def _tag(cell: dict) -> str | None:
    metadata = cell.get("metadata")
    marked = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    tag = marked.get("grade_id") if isinstance(marked, dict) else None
    return tag if isinstance(tag, str) else None


def _parsed(source: str) -> ast.Module | None:
    """The source as a tree, without the lines that only a notebook understands; None if it does not parse."""
    try:
        return ast.parse(plain(source))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def plain(source: str) -> str:
    """Python without magics: lines that begin with % or !, and cells that begin with %%, are blank."""
    if source.lstrip().startswith("%%"):
        return ""
    return re.sub(r"^[ \t]*[%!].*$", "", source, flags=re.MULTILINE)


def _definitions(cell: Cell) -> list[tuple[str, ast.stmt]]:
    """Names and statements of what a cell defines at its top level, imports aside."""
    statements = [node for node in cell.tree.body if not isinstance(node, ast.Import | ast.ImportFrom)] if cell.tree else []
    return [(name, node) for node in statements for name in _defined(node)]


def _defines(cell: Cell, name: str) -> bool:
    return any(defined == name for defined, _ in _definitions(cell))


def _is_stub(node: ast.stmt) -> bool:
    """Whether it is a function with nothing but a docstring before `raise NotImplementedError`, or with nothing at all."""
    if not isinstance(node, ast.FunctionDef):
        return False
    body = [step for step in node.body if not (isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant))]
    first = body[0] if body else ast.Pass()
    raised = first.exc if isinstance(first, ast.Raise) else None
    raised = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(first, ast.Pass) or (isinstance(raised, ast.Name) and raised.id == "NotImplementedError")


def _answer(cells: list[Cell], task: str) -> Answer:
    found = [(name, node) for cell in cells for name, node in _definitions(cell) if name == task]
    if not found:  # renamed, but still in the cell that was meant for it
        found = [(name, node) for cell in cells if cell.tag == task for name, node in _definitions(cell)[-1:]]
    started = [pair for pair in found if not _is_stub(pair[1])]
    try:
        if started:
            name, node = started[-1]
            source, course = self_contained(cells, name, node)
            return Answer(task, WRITTEN, source if name == task else f"{source}\n{task} = {name}\n", course)
    except (RecursionError, MemoryError, SyntaxError, ValueError):  # a tree that Python itself cannot walk
        return Answer(task, BROKEN)
    if found:
        return Answer(task, NOT_STARTED)
    broken = any(cell.tree is None and (cell.tag == task or re.search(rf"\bdef\s+{task}\b", cell.source)) for cell in cells)
    return Answer(task, BROKEN if broken else MISSING)


def self_contained(cells: list[Cell], function: str, definition: ast.stmt) -> tuple[str, tuple[str, ...]]:
    """The definition of a function, after all imports, functions, classes and constants of the notebook that it uses.

    Also returns the names among these that come from `course_utils`.
    """
    known: dict[str, tuple[int, ast.stmt]] = {}  # the last definition of every name, and its place
    statements = [node for cell in cells if cell.tree for node in cell.tree.body]
    for place, node in enumerate(statements):
        for name in _defined(node):
            known[name] = place, node
    known[function] = len(statements), definition
    kept: dict[int, ast.stmt] = {}
    course: set[str] = set()
    usual: set[str] = set()
    wanted = [function]
    while wanted:
        name = wanted.pop()
        if name not in known and name in USUAL:  # its set-up cell is gone
            usual.add(USUAL[name])
        if name not in known or known[name][0] in kept:
            continue
        place, node = known[name]
        if _of_the_course(node):
            course.add(name)
            continue
        kept[place] = node
        course |= {"an import" for inner in ast.walk(node) if _of_the_course(inner)}
        wanted += _used(node)
    return "\n\n".join([*sorted(usual), *(ast.unparse(kept[place]) for place in sorted(kept))]) + "\n", tuple(sorted(course))


def _defined(node: ast.stmt) -> list[str]:
    """The names that a top-level statement defines, if it is one that a function may need."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).split(".")[0] for alias in node.names]
    targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
    return [name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name)]


def _of_the_course(node: ast.AST) -> bool:
    modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
    modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    return any(module.split(".")[0] == "course_utils" for module in modules)


def _used(node: ast.stmt) -> list[str]:
    """The global names that a statement uses, seen through the scopes of its functions."""
    names: list[str] = []

    def search(table: symtable.SymbolTable) -> None:
        for symbol in table.get_symbols():
            if symbol.is_referenced() and (symbol.is_global() or table.get_type() == "module"):
                names.append(symbol.get_name())
        for inner in table.get_children():
            search(inner)

    search(symtable.symtable(ast.unparse(node), "answer", "exec"))
    return [name for name in names if not hasattr(builtins, name)]

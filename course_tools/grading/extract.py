"""What a student's notebook holds: read as data, never run. `submit` and the grader both start
here.

A notebook is found to be of a lesson by the tasks in it, so that neither its file name nor its
metadata matter. Tasks come as a dictionary from name to lesson, and nothing but Python is needed:
the grader reads a submission inside its sandbox.
"""

import ast
import json
import re
import symtable
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

LARGEST = 50_000_000  # bytes; an executed lesson with all its pictures has 2 million
USUAL = {
    "torch": "import torch",
    "np": "import numpy as np",
    "math": "import math",
    "nn": "from torch import nn",
    "F": "import torch.nn.functional as F",
    "Tensor": "from torch import Tensor",
}  # fmt: skip (what a lost set-up cell had)
# A method called on these changes nothing that an answer needs,
MODULES = {
    "torch",
    "np",
    "plt",
    "math",
}
WRAPPERS = {"partial", "vmap", "compile", "script"}  # make a function of another one
# but for these, which change their first argument, as PyTorch's functions that end in _ do.
CHANGES = {
    "fill_diagonal",
    "copyto",
    "shuffle",
    "setattr",
}
SETTINGS = {
    "set_default_dtype",
    "manual_seed",
    "set_grad_enabled",
    "seed",
    "seterr",
    "setrecursionlimit",
}
RUNS = re.compile(r"\s*%%(time|capture|prun|timeit)\b.*")  # magics of a cell whose rest is Python
LATER = "from __future__ import annotations"  # holds for all cells
NOT_STARTED, WRITTEN, MISSING, BROKEN = "not started", "written", "missing", "does not parse"


class UnreadableError(ValueError):
    """A file that is not a notebook; says what it is instead and what to do."""


@dataclass(frozen=True)
class Cell:
    """A code cell.

    tag: the task that its nbgrader metadata name, if any. tree: None if the source does not parse.
    """

    tag: str | None
    source: str
    tree: ast.Module | None


@dataclass(frozen=True)
class Answer:
    """What was found for one task. status: one of those above.

    source: the student's function with the helpers and imports it uses, to be run by itself.
    course: names that it takes from `course_utils`, which a grader does not have.
    """

    task: str
    status: str
    source: str = ""
    course: tuple[str, ...] = ()


def read(path: Path) -> dict:
    """A notebook file as JSON. Raises `UnreadableError` with a sentence."""
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise UnreadableError(too_large(path.name, size))
        return parse(path.read_bytes(), path.name)
    except OSError as error:
        raise UnreadableError(f"{path.name} cannot be read: {error.strerror}.") from error


def too_large(name: str, size: int) -> str:
    return (
        f"{name} has {size / 1e6:.0f} MB; at most {LARGEST / 1e6:.0f} are read. Clear its outputs."
    )


def parse(content: bytes, name: str) -> dict:
    """The bytes of a notebook as JSON. Raises `UnreadableError` with a sentence."""
    try:
        notebook = json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError, MemoryError) as error:
        raise UnreadableError(
            f"{name} is not a notebook, or a damaged one ({error.__class__.__name__})."
        ) from error
    if not isinstance(notebook, dict) or not isinstance(notebook.get("cells"), list):
        raise UnreadableError(
            f"{name} is not a notebook of format 4: it has no list of cells. Save it again in"
            " JupyterLab."
        )
    return notebook


def python_of(notebook: dict) -> list[int]:
    """The version of Python that wrote a notebook, e.g. [3, 12]; [] if it does not say."""
    metadata = notebook.get("metadata")
    about = metadata.get("language_info") if isinstance(metadata, dict) else None
    found = (
        re.match(r"(\d{1,3})\.(\d{1,3})", str(about.get("version")))
        if isinstance(about, dict)
        else None
    )
    return [int(part) for part in found.groups()] if found else []


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
    """The lesson of which most tasks are in the notebook; None if there is no task in it at all.
    lessons: of every task.
    """
    names = {cell.tag for cell in cells}
    names |= {
        name
        for cell in cells
        if cell.tree
        for node in cell.tree.body
        if not _imports(node)
        for name in _names(node)
    }
    found = [lesson for name, lesson in lessons.items() if name in names]
    return Counter(sorted(found)).most_common(1)[0][0] if found else None


def _names(node: ast.stmt) -> list[str]:
    """`_named`, for a tree that Python itself may not be able to walk."""
    try:
        return _named(node)
    except (RecursionError, MemoryError, SyntaxError, ValueError):
        return []


def _tag(cell: dict) -> str | None:
    metadata = cell.get("metadata")
    marked = metadata.get("nbgrader") if isinstance(metadata, dict) else None
    tag = marked.get("grade_id") if isinstance(marked, dict) else None
    return tag if isinstance(tag, str) else None


def _parsed(source: str) -> ast.Module | None:
    """The source as a tree; if need be without the lines that only a notebook understands. None if
    it does not parse.
    """
    for text in (source, plain(source)):
        try:
            return ast.parse(text)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            continue
    return None


def plain(source: str) -> str:
    """Python without magics: pass for lines of %, ! and ?, None for what they return; blank for
    cells of another language.
    """
    if source.lstrip().startswith("%%"):
        if not RUNS.match(source):
            return ""
        source = source.lstrip().partition("\n")[2]
    source = re.sub(
        r"^([ \t]*)(?:[%!?].*|[\w.]+\?{1,2}[ \t]*)$", r"\1pass", source, flags=re.MULTILINE
    )
    return re.sub(r"^([ \t]*[\w, \t]+=[ \t]*)[%!].*$", r"\1None", source, flags=re.MULTILINE)


def _imports(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


def _is_stub(node: ast.stmt) -> bool:
    """Whether it is a function with nothing but a docstring before `raise NotImplementedError`, or
    with nothing at all.
    """
    if not isinstance(node, ast.FunctionDef):
        return False
    body = [
        step
        for step in node.body
        if not (isinstance(step, ast.Expr) and isinstance(step.value, ast.Constant))
    ]
    body = [step for step in body if not isinstance(step, ast.Pass)]
    raised = body[0].exc if body and isinstance(body[0], ast.Raise) else None
    raised = raised.func if isinstance(raised, ast.Call) else raised
    return not body or (isinstance(raised, ast.Name) and raised.id == "NotImplementedError")


def _makes_a_function(node: ast.stmt, name: str) -> bool:
    """Whether what it gives the name may well be called: a definition, another name for something,
    an object of a class.
    """
    if isinstance(node, ast.Assign | ast.AnnAssign):
        value = node.value
        made_by = value.func if isinstance(value, ast.Call) else None
        by = getattr(made_by, "attr", getattr(made_by, "id", ""))
        return (
            isinstance(value, ast.Lambda | ast.Name | ast.Attribute)
            or by[:1].isupper()
            or by in WRAPPERS
        )
    return any(
        isinstance(inner, ast.FunctionDef | ast.ClassDef) and inner.name == name
        for inner in ast.walk(node)
    )


def _calls(node: ast.stmt, name: str) -> bool:
    """Whether it is an assignment of what the function returned, under the function's own name."""
    return not isinstance(node, ast.FunctionDef | ast.ClassDef) and any(
        isinstance(inner, ast.Call) and isinstance(inner.func, ast.Name) and inner.func.id == name
        for inner in ast.walk(node)
    )


def _answer(cells: list[Cell], task: str) -> Answer:
    places = [
        (c, s)
        for c, cell in enumerate(cells)
        if cell.tree
        for s, node in enumerate(cell.tree.body)
        if not _imports(node)
    ]
    found = [
        (task, c, s)
        for c, s in places
        if task in _names(cells[c].tree.body[s]) and not _calls(cells[c].tree.body[s], task)
    ]
    # renamed, but still in the cell that was meant for it: its last function, else its last name
    if not found:
        own = [
            (names[-1], c, s)
            for c, s in places
            if cells[c].tag == task and (names := _names(cells[c].tree.body[s]))
        ]
        found = [
            one for one in own if isinstance(cells[one[1]].tree.body[one[2]], ast.FunctionDef)
        ][-1:] or own[-1:]
    started = [one for one in found if not _is_stub(cells[one[1]].tree.body[one[2]])]
    started = [
        one for one in started if _makes_a_function(cells[one[1]].tree.body[one[2]], one[0])
    ] or started
    try:
        if started:
            name, c, s = started[-1]
            source, course = self_contained(cells, name, c, s)
            return Answer(
                task, WRITTEN, source if name == task else f"{source}\n{task} = {name}\n", course
            )
    except (
        RecursionError,
        MemoryError,
        SyntaxError,
        ValueError,
    ):  # a tree that Python itself cannot walk
        return Answer(task, BROKEN)
    if found:
        return Answer(task, NOT_STARTED)
    broken = any(
        cell.tree is None and (cell.tag == task or re.search(rf"\bdef\s+{task}\b", cell.source))
        for cell in cells
    )
    return Answer(task, BROKEN if broken else MISSING)


def self_contained(cells: list[Cell], function: str, c: int, s: int) -> tuple[str, tuple[str, ...]]:
    """What stands above a function and is needed to run it, in order; what is bound only further
    down, before that.

    A name has the value that it has when the function's own cell ends: a later cell may use it for
    something else.
    """
    above = [node for cell in cells[:c] if cell.tree for node in cell.tree.body] + cells[
        c
    ].tree.body[: s + 1]
    rest, below = (
        cells[c].tree.body[s + 1 :],
        [node for cell in cells[c + 1 :] if cell.tree for node in cell.tree.body],
    )
    rest = [node for node in rest if function not in _named(node)]
    statements = [one for node in [*below, *above, *rest] for one in _single(node)]
    late, before = {function}, None
    while late != before:  # what functions use is looked up when they are called: at the end
        before, late = late, set(late)
        live, kept, course = set(late), list[ast.stmt](), set[str]()
        for node in reversed(statements):
            bound = _named(node)
            star = isinstance(node, ast.ImportFrom) and node.names[0].name == "*"
            if not star and not live.intersection(bound) and not live.intersection(_changed(node)):
                continue
            if _of_the_course(node):
                course.update(live.intersection(bound))
                live.difference_update(bound)
                continue
            if isinstance(
                node, ast.FunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom | ast.Assign
            ):
                live.difference_update(bound)
            kept.append(node)
            course |= {"an import" for inner in ast.walk(node) if _of_the_course(inner)}
            at_once, when_called = _used(node)
            live |= at_once
            late |= when_called
    there = {name for node in kept for name in _named(node)}
    usual = {USUAL[name] for name in live | late if name in USUAL and name not in there}
    usual |= {
        LATER
        for node in statements
        if isinstance(node, ast.ImportFrom) and ast.unparse(node) == LATER
    }
    return "\n\n".join(
        [*sorted(usual), *(ast.unparse(node) for node in reversed(kept))]
    ) + "\n", tuple(sorted(course))


def _single(node: ast.stmt) -> list[ast.stmt]:
    """An import of several things as several imports: one of them may be missing here."""
    if isinstance(node, ast.Import):
        return [ast.Import([alias]) for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [ast.ImportFrom(node.module, [alias], node.level) for alias in node.names]
    return [node]


@cache
def _table(node: ast.stmt) -> symtable.SymbolTable:
    return symtable.symtable(ast.unparse(ast.Module([node], [])), "answer", "exec")


def _named(node: ast.stmt) -> list[str]:
    """The global names that a statement gives a value, those inside its branches and loops
    included.
    """
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).split(".")[0] for alias in node.names]
    plainly = [target.id for target in getattr(node, "targets", ()) if isinstance(target, ast.Name)]
    if isinstance(node, ast.Assign) and len(plainly) == len(node.targets):
        return plainly
    return [
        symbol.get_name()
        for symbol in _table(node).get_symbols()
        if symbol.is_assigned() or symbol.is_imported()
    ]


def _changed(node: ast.stmt) -> list[str]:
    """The names whose objects a statement changes: by an item, an attribute, or a method that is
    called for its effect.

    Those inside its loops and branches, too; not what a function that it calls changes elsewhere.
    """
    names = [
        _root(inner.value) for inner in ast.walk(node)
        if isinstance(inner, ast.Subscript | ast.Attribute) and not isinstance(inner.ctx, ast.Load)
    ]  # fmt: skip
    for call in _calls_for_effect(node):
        called = call.func
        # In a loop it belongs to a training.
        setting = isinstance(node, ast.Expr) and getattr(called, "attr", "") in SETTINGS
        if isinstance(called, ast.Attribute) and (setting or _root(called) not in MODULES):
            names.append(_root(called))
        name = getattr(called, "attr", getattr(called, "id", ""))
        if call.args and (name.endswith("_") or name in CHANGES):
            names.append(_root(call.args[0]))
    return names


def _calls_for_effect(node: ast.AST) -> Iterator[ast.Call]:
    """Calls that are statements by themselves, done at once: none in the body of a function."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield node.value
    elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        for inner in ast.iter_child_nodes(node):
            yield from _calls_for_effect(inner)


def _root(place: ast.expr) -> str:
    """a, of a.b[c].d; "" for what does not begin with a name."""
    inner: ast.expr = place
    while isinstance(inner, ast.Subscript | ast.Attribute):
        inner = inner.value
    return getattr(inner, "id", "")


def _of_the_course(node: ast.AST) -> bool:
    modules = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
    modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
    return any(module.split(".")[0] == "course_utils" for module in modules)


def _used(node: ast.stmt) -> tuple[set[str], set[str]]:
    """The global names that a statement uses at once, and those that its functions use when they
    are called.
    """
    at_once: set[str] = set()
    when_called: set[str] = set()

    def search(table: symtable.SymbolTable, names: set[str]) -> None:
        for symbol in table.get_symbols():
            used = symbol.is_referenced() or symbol.is_declared_global()
            if used and (symbol.is_global() or table.get_type() == "module"):
                names.add(symbol.get_name())
        for inner in table.get_children():
            function = inner.get_type() == "function" and not inner.get_name().endswith(
                ("comp", "genexpr")
            )
            search(inner, when_called if function else names)

    search(_table(node), at_once)
    return at_once, when_called

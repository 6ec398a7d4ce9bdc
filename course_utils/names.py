"""Which names a piece of Python gives a value, and which it takes from outside: Python's own
symbol tables say it.
"""

import ast
import symtable
from typing import Any


def bound_by(node: ast.stmt) -> list[str]:
    """Return the global names that a statement gives a value, in its branches and loops, too.

    For a statement that Python itself cannot compile it returns [].
    """
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Import | ast.ImportFrom):
        return [(alias.asname or alias.name).split(".")[0] for alias in node.names]
    table = _table(node)
    symbols = table.get_symbols() if table else []
    return [s.get_name() for s in symbols if s.is_assigned() or s.is_imported()]


def taken_by(node: ast.stmt) -> tuple[set[str], set[str]]:
    """Return the global names that a statement reads.

    Returns:
        now: those that it reads as it runs. later: those that a function in it reads when it is
        called.
    """
    table = _table(node)
    now: set[str] = set()
    later: set[str] = set()

    def look(table: symtable.SymbolTable, names: set[str]) -> None:
        outside = table.get_type() == "module"
        names |= {
            s.get_name()
            for s in table.get_symbols()
            if s.is_referenced() and (outside or s.is_global())
        }
        for child in table.get_children():
            at_once = child.get_name() in ("genexpr", "<genexpr>")  # the second since Python 3.15
            look(child, names if at_once or child.get_type() == "class" else later)

    if table:
        look(table, now)
    # What Python 3.14 reads for an annotation is no name of the cell.
    return now - {"__conditional_annotations__"}, later


def lines_of(source: str) -> dict[str, int]:
    """Return the names that a cell gives a value, with the line that does so first.

    Args:
        source: of the cell.

    Returns:
        Line numbers from 1 by name; {} where the cell is not plain Python.
    """
    found: dict[str, int] = {}
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return found
    for node in body:
        for name in bound_by(node):
            parts: list[Any] = [part for part in ast.walk(node) if _gives(part, name)]
            found.setdefault(name, min((part.lineno for part in parts), default=node.lineno))
    return found


class _Generators(ast.NodeTransformer):
    """Makes generator expressions of all comprehensions, which take and make the same names.

    Since Python 3.12, a comprehension has no symbol table of its own: its variables would look like
    those of the cell.
    """

    def visit_ListComp(self, node: ast.ListComp | ast.SetComp) -> ast.AST:
        self.generic_visit(node)
        return ast.GeneratorExp(node.elt, node.generators)

    visit_SetComp = visit_ListComp

    def visit_DictComp(self, node: ast.DictComp) -> ast.AST:
        self.generic_visit(node)
        return ast.GeneratorExp(ast.Tuple([node.key, node.value], ast.Load()), node.generators)


def _table(node: ast.stmt) -> symtable.SymbolTable | None:
    """Return the symbol table of a statement; None where Python cannot compile it."""
    try:
        (copy,) = ast.parse(ast.unparse(node)).body  # the transformer changes what it visits
        return symtable.symtable(ast.unparse(_Generators().visit(copy)), "cell", "exec")
    except (RecursionError, MemoryError, SyntaxError, ValueError):
        return None


def _gives(part: Any, name: str) -> bool:
    """Return whether a part of a statement is where it gives a name a value."""
    if isinstance(part, ast.Name):
        return part.id == name and isinstance(part.ctx, ast.Store)
    if isinstance(part, ast.alias):
        return (part.asname or part.name).split(".")[0] == name
    return getattr(part, "name", None) == name

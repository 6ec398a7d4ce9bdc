"""Count, for each lesson, the visible lines of code, and those of them that only draw or print.

    python benchmarks/drawing_code.py

A statement only draws if it is a call of `print`, `figures.…`, `plots.…`, `plt.…` or a method of an
`ax` or `fig`; an assignment of such a call; a function that takes an `ax`; or a block in which
every statement only draws. Folded cells, set-up cells and the cells of tasks do not count.
"""

import ast

import nbformat

from course_tools.publish import notebooks

DRAWS = {"print", "figures", "plots", "plt", "ax", "axes", "fig", "left", "right"}
COMPUTES = {"table"}  # a table of numbers is a result


def root(node: ast.expr) -> str:
    while not isinstance(node, ast.Name):
        node = getattr(node, "func", getattr(node, "value", None))
        if node is None:
            return ""
    return node.id


def only_draws(node: ast.stmt) -> bool:
    if isinstance(node, ast.FunctionDef):
        return any(argument.arg == "ax" for argument in node.args.args)
    if isinstance(node, (ast.With, ast.For, ast.If)):
        return all(map(only_draws, node.body + getattr(node, "orelse", [])))
    if isinstance(node, (ast.Expr, ast.Assign)) and isinstance(node.value, ast.Call):
        called = node.value.func
        if isinstance(called, ast.Attribute) and called.attr in COMPUTES:
            return False
        return root(called) in DRAWS
    return False


def counted(cell) -> bool:
    tags = set(cell.metadata.get("tags", ()))
    folded = cell.metadata.get("jupyter", {}).get("source_hidden", False)
    return (
        cell.cell_type == "code"
        and not folded
        and not tags & {"hide-input", "remove-cell", "colab"}
        and "nbgrader" not in cell.metadata
    )


def main() -> None:
    every, every_drawing = 0, 0
    for lesson in notebooks.find():
        lines, drawing = 0, 0
        for cell in filter(counted, nbformat.read(lesson.path, 4).cells):
            code = cell.source.replace("%pip", "# %pip")
            lines += sum(bool(line.strip()) for line in code.splitlines())
            drawing += sum(
                node.end_lineno - node.lineno + 1
                for node in ast.parse(code).body
                if only_draws(node)
            )
        every, every_drawing = every + lines, every_drawing + drawing
        print(
            f"{lesson.path.stem:24} {lines:4} lines, {drawing:3} only draw: {drawing / lines:.0%}"
        )
    print(f"{'all':24} {every:4} lines, {every_drawing:3} only draw: {every_drawing / every:.0%}")


if __name__ == "__main__":
    main()

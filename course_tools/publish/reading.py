"""What of an executed lesson stands on its page of the site.

The page is for reading: what only installs, measures progress, or serves the tests is left out, and
code that only draws, and solutions, are folded. The committed notebook stays as it is.
"""

import ast
import re
from collections.abc import Iterator

from nbformat import NotebookNode

from course_tools.publish import address
from course_tools.publish.notebooks import Lesson

BAR = re.compile(r"\d+%\|.*\| *\d+/\d+ \[")  # tqdm's
RANGE = re.compile(r" \(with other seeds or on other machines: .+ to .+\)$")  # claims.expect
MARKER = re.compile(r"\n? *(### (BEGIN|END) SOLUTION|<!-- (BEGIN|END) SOLUTION -->) *")
FORMULA = re.compile(r"^\$\$(.+?)\$\$[ \t]*$", flags=re.DOTALL | re.MULTILINE)
REMOVED = {"colab", "remove-cell"}
PROMPTS = {
    "figure": ("The code of this figure", "Hide the code"),
    "solution": ("A solution, in code", "Hide the solution"),
}


def for_reading(notebook: NotebookNode, lesson: Lesson, doors: str) -> NotebookNode:
    """Return a lesson as its page shows it, with the tags that MyST-NB knows.

    Args:
        notebook: executed; changed in place.
        lesson: the lesson.
        doors: HTML that stands below the title, with the ways to other forms of the lesson.
    """
    notebook.cells = [
        cell for cell in notebook.cells if not REMOVED & set(cell.metadata.get("tags", []))
    ]
    formulas = 0
    for cell in notebook.cells:
        cell.source = MARKER.sub("", cell.source)
        if cell.cell_type == "markdown":
            cell.source, formulas = _numbered(cell.source, lesson.number, formulas)
        elif cell.cell_type == "code":
            cell.source = without_expect(cell.source)
            cell.outputs = list(_shown(cell.outputs))
            _fold(cell)
    notebook.cells = [cell for cell in notebook.cells if cell.source.strip() or cell.get("outputs")]
    title = notebook.cells[0]
    heading, _, text = address.LINK.sub("", title.source).partition("\n")
    title.source = f"{heading}\n\n{doors}\n{text}"
    return notebook


def without_expect(source: str) -> str:
    """Return the code of a cell without its calls of `claims.expect`, which are for the tests."""
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # IPython's own, such as %pip
        return source
    lines = source.split("\n")
    for statement in statements:
        call = statement.value if isinstance(statement, ast.Expr) else None
        if isinstance(call, ast.Call) and ast.unparse(call.func).endswith("expect"):
            for n in range(statement.lineno - 1, statement.end_lineno or statement.lineno):
                lines[n] = "\0"
    return "\n".join(line for line in lines if line != "\0").strip("\n")


def _numbered(source: str, number: str, before: int) -> tuple[str, int]:
    """Give each formula that stands on its own a label, by which it gets a number and a link."""
    count = before

    def label(found: re.Match) -> str:
        nonlocal count
        count += 1
        return f"$${found[1]}$$ ({number}-{count})"

    return FORMULA.sub(label, source), count


def _shown(outputs: list[NotebookNode]) -> Iterator[NotebookNode]:
    """Yield what a page shows: no progress bar, no range of a claim, no empty result."""
    for output in outputs:
        if output.output_type == "stream":
            lines = output.text.splitlines(keepends=True)
            output.text = "".join(line for line in lines if not RANGE.search(line.rstrip("\n")))
            if output.text.strip():
                yield output
        elif "data" in output:
            data = output.data
            if not any(str(text).strip() for kind, text in data.items() if kind != "text/plain"):
                if set(data) != {"text/plain"} or BAR.search(data["text/plain"]):
                    continue
            if "image/png" in data:  # the site's plugin finds the alt text here
                data["text/plain"] = output.metadata.get("image/png", {}).get("alt", "")
            if "text/html" in data:  # the name by which the theme knows a table of numbers
                data["text/html"] = data["text/html"].replace("<table", '<table class="dataframe"')
            yield output
        else:
            yield output


def _fold(cell: NotebookNode) -> None:
    """Fold the code of a figure or of a solution."""
    tags = cell.metadata.setdefault("tags", [])
    kind = "solution" if cell.metadata.get("nbgrader", {}).get("solution") else "figure"
    if kind == "solution" and "hide-input" not in tags:
        tags.append("hide-input")
    show, hide = PROMPTS[kind]
    cell.metadata["mystnb"] = {"code_prompt_show": show, "code_prompt_hide": hide}

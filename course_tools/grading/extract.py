"""Read what a student's notebook holds, without running it: cells, statements and tasks.

The grader reads a submission inside its sandbox, so this module needs nothing but Python. Tasks
come as a dictionary from name to lesson. The tasks in a notebook say which lesson it belongs to;
neither its file name nor its metadata matter.
"""

import ast
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING or __package__:
    from course_utils.names import bound_by
else:  # in the sandbox the two files stand side by side
    from names import bound_by

AT_END = -1  # the place of an answer for which `verify` is never called: after all statements
LARGEST = 50_000_000  # bytes; an executed lesson with all its figures has 2 million
# Every magic in a cell costs a parse of the whole cell: at most so many magics, and so many
# characters parsed in all.
MAGICS, PARSED = 200, 5_000_000
# Magics whose code runs in the notebook itself, so that what it defines stays.
RUNS_CELL = re.compile(r"\s*%%(time|capture|prun|timeit)\b[^\n]*\n?")
RUNS_LINE = re.compile(r"((?:[^=#%!]+= *)?)%(?:time|prun) +(.*)", re.DOTALL)
PROMPT = re.compile(r" *(?:In \[\d+\]: ?|\.{3,}:(?: |$)|>>>(?: |$)|\.\.\.(?: |$))")
MAGIC = re.compile(r"[%!?]|[\w.]+\?{1,2} *(?:#.*)?$")
ASSIGNED = re.compile(r"([^=#%!]+= *)[%!]")
# What stands in a student version where an answer in words belongs, in a cell with this tag.
ANSWER_HERE = "*Your answer, in a sentence or two:*"
THINK = "think-"  # and the name of the task after which the question is asked
LONGEST_ANSWER = 5_000  # characters of an answer in words that are kept


class UnreadableError(ValueError):
    """A file that is not a notebook; the message says what it is and what to do."""


@dataclass(frozen=True)
class Cell:
    """A code cell.

    Attributes:
        tag: the name in its nbgrader metadata; None if it has none.
        id: of the cell; "" if it has none.
        source: as it stands in the file.
        tree: the source as Python; None if it is not valid.
    """

    tag: str | None
    id: str
    source: str
    tree: ast.Module | None


@dataclass(frozen=True)
class Statement:
    """A statement at the top level of a cell.

    Attributes:
        cell: the number of its cell.
        node: the statement.
        course: whether the lesson wrote it, and not the student.
        checks: the tasks for which it calls `verify`.
    """

    cell: int
    node: ast.stmt
    course: bool
    checks: frozenset[str]

    @property
    def names(self) -> list[str]:
        """The global names that it gives a value."""
        return bound_by(self.node)

    @property
    def is_stub(self) -> bool:
        """Whether it is a function without a body, or one that only raises NotImplementedError."""
        if not isinstance(self.node, ast.FunctionDef):
            return False
        body = [step for step in self.node.body if not isinstance(step, ast.Pass)]
        body = [step for step in body if not _is_constant(step)]
        raised = body[0].exc if body and isinstance(body[0], ast.Raise) else None
        raised = raised.func if isinstance(raised, ast.Call) else raised
        return not body or (isinstance(raised, ast.Name) and raised.id == "NotImplementedError")


@dataclass(frozen=True)
class Found:
    """Where a notebook deals with a task.

    Attributes:
        checks: the numbers of the statements that call `verify` for it.
        named: whether a statement of the student gives its name a value or contains it as a string,
            or a cell has its tag.
        broken: whether a cell for it is not valid Python.
        source: of the cell with the answer.
    """

    checks: tuple[int, ...] = ()
    named: bool = False
    broken: bool = False
    source: str = ""


# The file


def read(path: Path) -> dict:
    """Return a notebook file as JSON.

    Raises:
        UnreadableError: where it is not a notebook, or too large.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise UnreadableError(too_large(path.name, size))
        return parse(path.read_bytes(), path.name)
    except OSError as error:
        raise UnreadableError(f"{path.name} cannot be read: {error.strerror}.") from error


def too_large(name: str, size: int) -> str:
    """Return the sentence for a file that is too large."""
    return (
        f"{name} has {size / 1e6:.0f} MB; at most {LARGEST / 1e6:.0f} are read. Clear its outputs."
    )


def parse(content: bytes, name: str) -> dict:
    """Return the bytes of a notebook as JSON.

    Args:
        content: the bytes.
        name: of the file, for messages.

    Raises:
        UnreadableError: where they are not a notebook.
    """
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
    """Return the version of Python that wrote a notebook, e.g. [3, 12]; [] if it does not say."""
    metadata = notebook.get("metadata")
    about = metadata.get("language_info") if isinstance(metadata, dict) else None
    version = str(about.get("version")) if isinstance(about, dict) else ""
    found = re.match(r"(\d{1,3})\.(\d{1,3})", version)
    return [int(part) for part in found.groups()] if found else []


# Its cells


def code_cells(notebook: dict) -> list[Cell]:
    """Return all code cells in order; cells that do not follow the format are left out."""
    return [
        Cell(tag, id, source, _tree(source))
        for kind, tag, id, source in _cells(notebook)
        if kind == "code"
    ]


def _cells(notebook: dict) -> Iterator[tuple[str, str | None, str, str]]:
    """Yield kind, nbgrader's tag or None, id and source of every cell that follows the format."""
    for cell in notebook["cells"]:
        source = cell.get("source") if isinstance(cell, dict) else None
        if isinstance(source, list) and all(isinstance(line, str) for line in source):
            source = "".join(source)
        if isinstance(source, str):
            metadata = cell.get("metadata")
            metadata = metadata if isinstance(metadata, dict) else {}
            marked = metadata.get("nbgrader")
            tag = marked.get("grade_id") if isinstance(marked, dict) else None
            known = metadata.get("id", cell.get("id"))  # Colab moves it to the metadata
            yield (
                str(cell.get("cell_type")),
                tag if isinstance(tag, str) else None,
                known if isinstance(known, str) else "",
                source,
            )


def _tree(source: str) -> ast.Module | None:
    try:
        return ast.parse(as_python(source))
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return None


def as_python(source: str) -> str:
    """Return what IPython makes of a cell, as far as a definition can depend on it.

    Indentation and prompts are removed, and so are lines that only a notebook understands. The code
    behind %time stays; a cell in another language is empty. The parser finds the lines to remove,
    so that % within an expression is no magic.

    Args:
        source: of the cell.

    Raises:
        SyntaxError: where the rest is not Python.
    """
    source = source.replace("\r\n", "\n").expandtabs() if "\r\n" in source else source
    try:
        ast.parse(source)
        return source
    except SyntaxError:
        lines = _unindented(_without_prompts(source.split("\n")))
    text = "\n".join(lines)
    if text.lstrip().startswith("%%"):
        runs = RUNS_CELL.match(text)
        if not runs:
            return ""
        lines = ["", *text[runs.end() :].split("\n")]
    for _ in range(1 + min(MAGICS, PARSED // (1 + len(text)))):
        try:
            ast.parse("\n".join(lines))
            break
        except SyntaxError as error:
            if not _replace_magic(lines, (error.lineno or 1) - 1):
                raise
    return "\n".join(lines)


def _without_prompts(lines: list[str]) -> list[str]:
    """Return the lines of a cell without the prompts of a session from which they were copied."""
    if not any(PROMPT.match(line) for line in lines[:2]):
        return lines
    return [PROMPT.sub("", line, count=1) for line in lines]


def _unindented(lines: list[str]) -> list[str]:
    """Return lines without the indentation of the first one that is not blank."""
    first = next((line for line in lines if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip())]
    return [line.removeprefix(indent) for line in lines] if indent else lines


def _replace_magic(lines: list[str], n: int) -> bool:
    """Replace line n and what continues it, if only a notebook understands it; return whether."""
    if n >= len(lines):
        return False
    line = lines[n].lstrip()
    indent = lines[n][: len(lines[n]) - len(line)]
    if runs := RUNS_LINE.fullmatch(line):
        lines[n] = indent + runs[1] + runs[2]
        return True
    if MAGIC.match(line):
        lines[n] = f"{indent}pass"
    elif assigned := ASSIGNED.match(line):
        lines[n] = f"{indent}{assigned[1]}[]"
    else:
        return False
    while line.endswith("\\") and n + 1 < len(lines):
        n += 1
        line, lines[n] = lines[n], ""
    return True


# Its statements


def fingerprints(notebooks: Iterable[dict], tasks: Iterable[str]) -> dict:
    """Return digests of the lessons' own cells, for `statements`.

    Cells for a task belong to the student and are left out.

    Args:
        notebooks: the lessons.
        tasks: the names of all tasks.

    Returns:
        "texts": digests of the cells. "ids": digests of the statements of each cell, by its id.
    """
    tasks, texts, ids = set(tasks), set(), dict[str, set[str]]()
    for notebook in notebooks:
        for cell in code_cells(notebook):
            if cell.tag not in tasks and cell.tree:
                texts.add(_digest(_normal(cell.source)))
                known = ids.setdefault(cell.id, set())
                known.update(_digest(ast.dump(node)) for node in cell.tree.body)
    return {"texts": sorted(texts), "ids": {key: sorted(ids[key]) for key in sorted(ids) if key}}


def statements(cells: list[Cell], lessons: dict) -> list[Statement]:
    """Return all statements of a notebook, in order.

    A cell is the lesson's own if its text is. In a cell that the student has changed, those
    statements are the lesson's own that it had before.

    Args:
        cells: of the notebook.
        lessons: `fingerprints` of the lessons.
    """
    texts = set(lessons["texts"])
    aliases = {"verify"}
    found = []
    for n, cell in enumerate(cells):
        if not cell.tree:
            continue
        whole = _digest(_normal(cell.source)) in texts
        known = set(lessons["ids"].get(cell.id, ()))
        for node in cell.tree.body:
            course = whole or bool(known and _digest(_dumped(node)) in known)
            if isinstance(node, ast.ImportFrom):
                aliases |= {a.asname for a in node.names if a.name == "verify" and a.asname}
            found.append(Statement(n, node, course, frozenset(_checked(node, aliases))))
    return found


def _normal(source: str) -> str:
    return "\n".join(line.rstrip() for line in source.strip().splitlines())


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:16]


def _dumped(node: ast.stmt) -> str:
    try:
        return ast.dump(node)
    except RecursionError:
        return ""


def _is_constant(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    try:
        yield from ast.walk(node)
    except RecursionError:
        return


def _checked(node: ast.stmt, aliases: set[str]) -> Iterator[str]:
    """Yield the tasks for which a statement calls `verify`."""
    for call in _walk(node):
        if isinstance(call, ast.Call) and len(call.args) + len(call.keywords) > 1:
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            keyword = next((k.value for k in call.keywords if k.arg == "name"), None)
            task = call.args[0] if call.args else keyword
            if name in aliases and isinstance(task, ast.Constant) and isinstance(task.value, str):
                yield task.value


def _texts(node: ast.stmt) -> Iterator[str]:
    """Yield the strings in a statement."""
    for part in _walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value


def names_in_broken(source: str) -> list[str]:
    """Return the names that a cell would define if it were valid Python."""
    found = re.findall(r"^[ \t]*(?:def|class)[ \t]+(\w+)|^(\w+)[ \t]*=", source, re.MULTILINE)
    return [defined or assigned for defined, assigned in found]


# The tasks in it


def tasks_in(
    cells: list[Cell], own: list[Statement], lessons: dict[str, str]
) -> tuple[list[str], dict[str, Found]]:
    """Return which lessons a notebook answers, and where, for each of their tasks.

    A lesson is there if a cell has the tag of one of its tasks, or `verify` is called for one. Only
    where there is neither, names decide, and after them strings: a helper function may have the
    name of another lesson's task.

    Args:
        cells: of the notebook.
        own: its statements.
        lessons: the lesson of every task.
    """
    names = {
        name
        for statement in own
        if not statement.course and not isinstance(statement.node, ast.Import | ast.ImportFrom)
        for name in statement.names
        if name in lessons
    }
    tags = {cell.tag for cell in cells if cell.tag in lessons}
    checked = {task for statement in own for task in statement.checks if task in lessons}
    texts = {text for statement in own if not statement.course for text in _texts(statement.node)}
    texts &= set(lessons)  # `verify` may be called for each name of a list
    there = {lessons[task] for task in (tags | checked or names or texts)}
    found = {}
    for task, lesson in lessons.items():
        if lesson in there:
            broken = any(
                cell.tree is None
                and (cell.tag == task or re.search(rf"\bdef\s+{task}\b", cell.source))
                for cell in cells
            )
            checks = tuple(i for i, statement in enumerate(own) if task in statement.checks)
            named = task in names | tags | texts
            source = _source(cells, own, task) if named else ""
            found[task] = Found(checks, named, broken, source)
    return sorted(there), found


def _source(cells: list[Cell], own: list[Statement], task: str) -> str:
    """Return the last cell that defines a task as more than a stub, else the cell with its tag."""
    definitions = [
        statement.cell
        for statement in own
        if not statement.course and task in statement.names and not statement.is_stub
    ]
    tagged = [n for n, cell in enumerate(cells) if cell.tag == task]
    places = definitions or tagged
    return cells[places[-1]].source[:20_000] if places else ""


# Answers in words


def questions(notebooks: Iterable[dict]) -> dict:
    """Return what the student versions ask for in words, for `think_answers`.

    Args:
        notebooks: the student versions.

    Returns:
        "asked": the question, by its tag. "prose": digests of all their text cells.
    """
    asked, prose = {}, set()
    for notebook in notebooks:
        for kind, tag, id, text in _cells(notebook):
            if kind == "markdown":
                prose.add(_digest(_normal(text)))
                if (tag := tag or id).startswith(THINK):
                    asked[tag] = text.partition(ANSWER_HERE)[0].strip()
    return {"asked": asked, "prose": sorted(prose)}


def think_answers(notebook: dict, course: dict) -> dict[str, str]:
    """Return the student's answers in words, by the tag of the question; "" where there is none.

    An answer stands in the cell of the question, or in text cells that the student added below it.

    Args:
        notebook: the student's.
        course: `questions` of the student versions.
    """
    prose = set(course["prose"])
    found: dict[str, str] = {}
    open_question = ""
    for kind, tag, id, text in _cells(notebook):
        asks = _question_in(tag or id, text, course["asked"]) if kind == "markdown" else ""
        if asks:
            open_question = asks
            text = _without_question(text, course["asked"][asks])
        elif kind != "markdown" or _digest(_normal(text)) in prose:
            open_question = ""
        if open_question:
            answer = f"{found.get(open_question, '')}\n\n{text}".strip()
            found[open_question] = answer[:LONGEST_ANSWER]
    return found


def _question_in(tag: str, text: str, asked: dict[str, str]) -> str:
    """Return the tag of the question that a cell asks; "" if it asks none."""
    if tag in asked:
        return tag
    words = " ".join(text[:20_000].split())
    return next((name for name in asked if " ".join(asked[name].split()) in words), "")


def _without_question(text: str, question: str) -> str:
    """Return what the student wrote in the cell of a question."""
    words = r"\s+".join(re.escape(word) for word in question.split())
    return re.sub(words, "", text[:20_000].replace(ANSWER_HERE, ""), count=1).strip()

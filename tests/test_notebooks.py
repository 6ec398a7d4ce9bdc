"""The committed lessons: complete, in order, readable without a kernel, and as the student versions
say.
"""

import ast
import functools
import re
from collections import Counter, defaultdict

import nbformat
import pytest
import torch

from course_tools.publish import notebooks
from course_tools.publish.outline import LECTURE
from course_tools.publish.student_version import STUDENT, student_version
from course_utils import name_errors, names
from course_utils.exercises import TASKS

LESSONS = notebooks.find()
BIGGEST = {"05": 2.5e6, "07": 2.5e6}  # bytes; the lessons with animations
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)


def outputs(notebook):
    return [output for cell in notebooks.code_cells(notebook) for output in cell.outputs]


def tagged(notebook, tag):
    return [cell for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


@every_lesson
def test_executed_in_order_without_an_error(lesson):
    counts = [cell.execution_count for cell in notebooks.code_cells(lesson.read())]
    assert counts == list(range(1, len(counts) + 1))
    assert not [output for output in outputs(lesson.read()) if output.output_type == "error"]
    assert not [output for output in outputs(lesson.read()) if output.get("name") == "stderr"]


@every_lesson
def test_committed_on_mnist(lesson):
    first = next(output.text for output in outputs(lesson.read()) if output.get("name") == "stdout")
    assert first.startswith("mnist")


@every_lesson
def test_small_and_clean(lesson):
    assert lesson.path.stat().st_size <= BIGGEST.get(lesson.number, 1.5e6)
    text = lesson.path.read_text(encoding="utf-8")
    assert not re.search(r"/home/|/root/|/Users/|/tmp/|/work/|[A-Z]:\\\\", text), (
        "a path of somebody's machine"
    )
    assert "widgets" not in lesson.read().metadata and notebooks.WIDGET not in text


@every_lesson
def test_the_shape_of_a_lesson(lesson):
    notebook = lesson.read()
    in_a_row = 0
    for position, cell in enumerate(notebook.cells):
        assert cell.metadata.slideshow.slide_type in (
            "slide",
            "subslide",
            "fragment",
            "skip",
            "notes",
            "-",
        ), position
        assert set(cell.metadata.get("lecture", [])) <= set(LECTURE), position
        if cell.cell_type == "code":
            in_a_row += 1
            lines = cell.source.splitlines()
            assert len(lines) <= 35 and max(map(len, lines)) <= 100, (
                f"cell {position} is too long or too wide"
            )
            figures = [output for output in cell.outputs if "image/png" in output.get("data", {})]
            assert len(figures) <= 1, f"cell {position} has {len(figures)} figures"
        else:
            in_a_row = 0
        assert in_a_row <= 2, f"cell {position} is the third code cell in a row"
    setup = next(
        cell
        for cell in notebooks.code_cells(notebook)
        if "colab" not in cell.metadata.get("tags", [])
    ).source
    assert len([line for line in setup.splitlines() if line.strip()]) <= 8
    assert (
        "Still failing" in lesson.path.read_text(encoding="utf-8")
        and "## References" in notebook.cells[-1].source
    )


def made_and_taken(source):
    """Two sets: the names that a cell makes, and those it takes that were not made in it before, or
    not before its functions are called.
    """
    built, taken, imported = set(), set(), set()
    for statement in ast.parse(source).body:
        now, later = names.taken_by(statement)
        bound = set(names.bound_by(statement))
        if isinstance(statement, ast.Import | ast.ImportFrom):
            imported |= bound
            continue
        again = bound if isinstance(statement, ast.AugAssign) else set()
        if isinstance(statement, ast.Assign):
            again = now & bound
        taken |= (now - bound | again) - built - imported | later
        built |= bound
    return built, taken


@every_lesson
def test_no_cell_depends_on_which_other_ran_last(lesson, monkeypatch):
    """A name that a cell takes from elsewhere is made in one cell only: in any order, all run again
    give the same.
    """
    monkeypatch.setattr(names, "lines_of", functools.cache(names.lines_of))
    raw, makers = lesson.read().cells, defaultdict(list)
    plain = [
        cell
        for cell in raw
        if cell.cell_type == "code" and "colab" not in cell.metadata.get("tags", [])
    ]
    cells = [(cell, *made_and_taken(cell.source)) for cell in plain]
    for cell, built, _ in cells:
        for name in built:
            makers[name].append(cell.id)
    for cell, built, taken in cells:
        for name in taken & makers.keys():
            assert len(makers[name]) == 1, f"{cell.id} takes {name}, made in {makers[name]}"
            if name not in built:  # and whoever runs the cell too early is told where it is made
                assert name_errors.where_defined(name, raw, cell.source), (cell.id, name)


def test_which_cells_depend_on_the_order_is_seen():
    assert made_and_taken("x = 1\ny = x") == ({"x", "y"}, set())
    assert made_and_taken("y = x\nx = 1") == ({"x", "y"}, {"x"})
    assert made_and_taken("x = x + 1") == made_and_taken("x += 1") == ({"x"}, {"x"})
    # Whoever calls f later meets the x of then.
    assert made_and_taken("x = 1\nf = lambda a: a + x")[1] == {"x"}
    assert made_and_taken("for x in xs: print(x)") == ({"x"}, {"xs", "print"})
    assert made_and_taken("total = sum(x for x in xs)") == ({"total"}, {"sum", "xs"})


@every_lesson
def test_the_course_is_imported_before_pytorch(lesson):
    """It says how PyTorch's threads wait for each other, and they listen once, when PyTorch is
    loaded.
    """
    set_up = list(notebooks.code_cells(lesson.read()))[1].source
    assert re.findall(r"^(?:from|import) (\w+)", set_up, flags=re.MULTILINE)[0] == "course_utils"


@every_lesson
def test_every_task_has_a_solution_and_a_verdict(lesson):
    notebook = lesson.read()
    names = [task.name for task in TASKS.values() if task.lesson == lesson.number]
    assert names, "a lesson has tasks"
    by_id = {
        cell.metadata.nbgrader.grade_id: cell
        for cell in notebook.cells
        if "nbgrader" in cell.metadata
    }
    assert Counter(by_id.keys()) == Counter(
        f"{part}{name}" for name in names for part in ("", "verify-", "think-")
    )
    for name in names:
        solution, verdict, thought = by_id[name], by_id[f"verify-{name}"], by_id[f"think-{name}"]
        assert solution.metadata.nbgrader.solution and f"def {name}(" in solution.source
        assert "### BEGIN SOLUTION" in solution.source and "### END SOLUTION" in solution.source
        assert verdict.source == f'verify("{name}", {name})'
        assert verdict.metadata.nbgrader.points == TASKS[name].points
        assert verdict in tagged(notebook, "nbval-check-output")
        said, value = verdict.outputs
        points = TASKS[name].points
        assert said.text == f"✓ {name}: right, {points} of {points} point{'s' * (points > 1)}\n"
        assert value.data == {"text/html": "", "text/plain": str(points)}  # what nbgrader reads
        assert (
            thought.source.startswith("**Think.** ")
            and "<details>" in thought.source
            and "*Think:*" in thought.source
        )


@every_lesson
def test_every_task_says_what_it_takes_and_gives(lesson):
    notebook = lesson.read()
    tasks = [task for task in TASKS.values() if task.lesson == lesson.number]
    assert 3 <= len(tasks) <= 5
    heads = re.findall(
        r"^### Task (\d) · .+ \((\d) points?\)$",
        "\n".join(c.source for c in notebook.cells),
        flags=re.M,
    )
    assert heads == [(str(n), str(task.points)) for n, task in enumerate(tasks, start=1)]
    for task in tasks:
        (cell,) = [
            cell
            for cell in notebook.cells
            if cell.metadata.get("nbgrader", {}).get("grade_id") == task.name
        ]
        function = ast.parse(cell.source).body[0]
        contract = ast.get_docstring(function)
        assert "Returns" in contract and "(" in contract, task.name
        taken = task.inputs(torch.Generator().manual_seed(0))
        assert [argument.arg for argument in function.args.args] == list(taken), task.name


@every_lesson
def test_a_lesson_ends_with_its_points(lesson):
    (cell,) = [cell for cell in lesson.read().cells if cell.source == "verify.summary()"]
    lines = cell.outputs[0].text.splitlines()
    points = sum(task.points for task in TASKS.values() if task.lesson == lesson.number)
    assert lines[-1].split() == ["lesson", lesson.number, str(points), "of", str(points)]
    assert all(line.startswith("✓") and line.endswith("right") for line in lines[:-1])


@every_lesson
def test_the_student_version_is_made_from_the_lesson(lesson):
    built = nbformat.writes(student_version(lesson.read()))
    committed = (STUDENT / lesson.path.name).read_text(encoding="utf-8").strip()
    assert built == committed, "stale: run `make student`"
    assert (
        "BEGIN SOLUTION" not in committed
        and "The solution, and why" not in committed
        and not outputs(nbformat.reads(committed, 4))
    )


def test_no_other_student_version():
    assert {path.name for path in STUDENT.glob("*.ipynb")} == {
        lesson.path.name for lesson in LESSONS
    }


def test_the_table_of_symbols_names_where_each_is_introduced():
    texts = {
        lesson.number: "\n".join(c.source for c in lesson.read().cells if c.cell_type == "markdown")
        for lesson in LESSONS
    }
    table = (
        (notebooks.ROOT / "docs" / "notation.md")
        .read_text(encoding="utf-8")
        .split("## Letters with two lives")[0]
    )
    rows = re.findall(r"^\| (.+?) \| .+ \| (\d\d) \|$", table, flags=re.MULTILINE)
    assert len(rows) > 40
    for symbols, number in rows:
        for symbol in re.findall(r"\$(.+?)\$", symbols):
            core = (
                re.split(r"[;,\[(]", symbol)[0] if symbol.startswith(("E(", "D(", "D[")) else symbol
            )
            found = [
                n
                for n, text in texts.items()
                for f in re.findall(r"\$+(.+?)\$+", text, flags=re.DOTALL)
                if re.search(rf"(?<![A-Za-z\\]){re.escape(core)}(?![A-Za-z_^])", f)
            ]
            # Used before for something else; the table says so.
            other_life = core in (
                "b",
                "d",
                "r",
                "E",
                "D",
                "X",
                r"\mu",
                r"\sigma",
                "x_0",
                "x_1",
                "x_t",
            )
            assert number in found if other_life else number == min(found, default=""), (
                symbol,
                number,
            )

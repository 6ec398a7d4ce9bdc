"""A cell that was run too early says which one it waits for, in a running kernel, too."""

import json

import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_tools.publish.notebooks import ENCRYPTED
from course_utils import name_errors

CELLS = [
    new_markdown_cell("# The lesson"),
    new_code_cell("import course_utils"),
    new_markdown_cell("## Data\n\nText."),
    new_code_cell("%env A=1\nnot_python = 1"),
    new_code_cell(
        "x = 1\nf = lambda hidden: [inner for inner in range(hidden)]\ndef g():\n    local = 2"
    ),
    new_code_cell("for i in range(3):\n    y = i"),
    new_markdown_cell("## Model"),
    new_code_cell("y = x + 1"),
    new_code_cell("print(x, y)"),
]


@pytest.mark.parametrize(
    "name, by",
    [
        ("x", "“Data” by the line `x = 1`"),
        ("y", "“Model” by the line `y = x + 1`"),
        ("g", "by the line `def g():`"),
    ],
)
def test_the_last_cell_above_that_makes_it_is_named(name, by):
    assert by in name_errors.where_defined(name, CELLS, "print(x, y)")


def test_a_maker_below_is_named_where_there_is_none_above():
    assert "“Data” by the line `y = i`" in name_errors.where_defined("y", CELLS, CELLS[4]["source"])


@pytest.mark.parametrize("name", ["z", "hidden", "inner", "local", "not_python"])
def test_what_no_cell_makes_gets_no_advice(name):
    assert name_errors.where_defined(name, CELLS, "print(x, y)") == ""


def last_error(cells, folder) -> str:
    notebook = new_notebook(cells=[new_code_cell(cell) for cell in cells])
    NotebookClient(
        notebook, allow_errors=True, config=ENCRYPTED, resources={"metadata": {"path": str(folder)}}
    ).execute()
    (error,) = [output for output in notebook.cells[-1].outputs if output.output_type == "error"]
    return error.evalue


def test_in_a_kernel(tmp_path, monkeypatch):
    path = tmp_path / "Über das Übrige.ipynb"
    path.write_text(json.dumps(new_notebook(cells=CELLS)), encoding="utf-8")
    monkeypatch.delenv("PYTHONSTARTUP", raising=False)
    monkeypatch.setenv("JPY_SESSION_NAME", str(path))  # as a Jupyter server does
    assert "“Data” by the line `x = 1`" in last_error(
        ["import course_utils", "print(x, y)"], tmp_path
    )
    assert last_error(["import course_utils", "print(z)"], tmp_path) == "name 'z' is not defined"
    assert last_error(["print(x)"], tmp_path) == "name 'x' is not defined"  # nobody listens yet
    monkeypatch.setenv("PYTHONSTARTUP", str(name_errors.START))  # as `make lab` does
    assert "by the line `x = 1`" in last_error(["print(x, y)"], tmp_path)
    monkeypatch.setenv("JPY_SESSION_NAME", str(tmp_path / "moved away.ipynb"))
    assert "Run All Above" in last_error(["print(x, y)"], tmp_path)

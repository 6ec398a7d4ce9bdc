"""An untouched student version: Run All reaches the end, and every verdict is "not started yet"."""

import re

import nbformat
import pytest

from course_utils.exercises import TASKS
from course_utils.teaching import lessons
from course_utils.teaching.student import STUDENT


@pytest.mark.parametrize("path", sorted(STUDENT.glob("*.ipynb")), ids=lambda path: path.stem)
def test_run_all(path, tmp_path, monkeypatch, trained):
    monkeypatch.setenv("COURSE_PRETRAINED", trained)
    notebook = nbformat.read(path, as_version=4)
    folder = tmp_path / "my Übungen"
    folder.mkdir()
    _, error = lessons.execute(notebook, folder)
    assert error is None
    said = [
        output.text
        for cell in lessons.code_cells(notebook)
        if cell.source.startswith("verify(")
        for output in cell.outputs
        if output.output_type == "stream"
    ]
    names = [task.name for task in TASKS.values() if task.lesson == path.name[:2]]
    assert said == [f"○ {name}: not started yet\n" for name in names]
    (summary,) = [cell for cell in lessons.code_cells(notebook) if cell.source == "verify.summary()"]
    assert re.search(rf"lesson {path.name[:2]} +0 of \d+\n$", summary.outputs[0].text)

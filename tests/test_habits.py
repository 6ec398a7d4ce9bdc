"""What people do with notebooks: run cells twice, run them as a script, keep them in folders with
any name.
"""

import copy
import errno
import os
import subprocess
import sys

import pytest
from nbconvert import PythonExporter

from course_tools import cli as commands
from course_tools.publish import notebooks, runs

pytestmark = pytest.mark.slow


@pytest.mark.exhaustive
def test_every_cell_twice_and_then_all_of_them_backwards(tmp_path, monkeypatch, trained):
    """Whatever the lesson asserts holds every time."""
    monkeypatch.setenv("COURSE_CACHE", trained)
    notebook = notebooks.find("03")[0].read()
    once = list(notebooks.code_cells(notebook))
    notebook.cells = [
        copy.deepcopy(cell)
        for cell in [*(cell for cell in once for _ in range(2)), *reversed(once)]
    ]
    for i, cell in enumerate(notebook.cells):
        cell.id = f"cell-{i}"
    _, error = notebooks.execute(notebook, tmp_path)
    assert error is None


@pytest.mark.exhaustive
def test_a_lesson_as_a_script_in_a_folder_with_any_name(tmp_path):
    folder = tmp_path / "Übungen & Späße, 2. Teil"
    folder.mkdir()
    script, _ = PythonExporter().from_notebook_node(notebooks.find("04")[0].read())
    (folder / "04.py").write_text(script, encoding="utf-8")
    environment = {**os.environ, "MPLBACKEND": "agg"}
    ran = subprocess.run(
        [sys.executable, "04.py"], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert ran.returncode == 0 and "lesson 04" in ran.stdout, ran.stderr[-2000:]


@pytest.mark.parametrize(
    "number, said", [(errno.EACCES, "nothing may be written"), (errno.ENOSPC, "no space left")]
)
def test_where_nothing_can_be_written_a_sentence_says_so(number, said, monkeypatch, capsys):
    def run(*_):
        raise OSError(number, os.strerror(number), "build/site")

    monkeypatch.setattr(runs, "course", run)
    assert commands.main(["run"]) == 1
    message = capsys.readouterr().err
    assert message.startswith("build/site: ") and said in message and "--out" in message


def test_other_faults_of_ours_are_not_hidden(monkeypatch):
    monkeypatch.setattr(
        runs, "course", lambda *_: (_ for _ in ()).throw(OSError(errno.EIO, "I/O error", "x"))
    )
    with pytest.raises(OSError, match="I/O error"):
        commands.main(["run"])

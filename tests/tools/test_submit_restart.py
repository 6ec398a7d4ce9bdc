"""`submit` and `restart`."""

import json

import nbformat
import pytest
from shapes import by_colab, notebook_of, solved

from course_tools.cli import main
from course_tools.grading import extract, mark
from course_tools.student import lab, restart, submit

pytestmark = pytest.mark.slow

STUB = "def auc(digits, others):\n    raise NotImplementedError()"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"not a notebook", "is not a notebook"),
        (b"\xff\xfe\x00", "is not a notebook"),
        (b"[" * 100_000, "is not a notebook"),
        (b"[]", "has no list of cells"),
        (b'{"worksheets": []}', "Save it again in JupyterLab"),
        (b"1" * 10_000, "is not a notebook"),
    ],
)
def test_files_that_are_no_notebooks(tmp_path, content, says):
    (tmp_path / "x.ipynb").write_bytes(content)
    with pytest.raises(extract.UnreadableError, match=says):
        extract.read(tmp_path / "x.ipynb")


def test_a_file_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(extract, "LARGEST", 10)
    (tmp_path / "x.ipynb").write_text(json.dumps(notebook_of(STUB)))
    with pytest.raises(extract.UnreadableError, match="Clear its outputs"):
        extract.read(tmp_path / "x.ipynb")


@pytest.fixture
def work(tmp_path, monkeypatch):
    monkeypatch.setattr(lab, "WORK", tmp_path / "work")
    lab.copy_missing()
    return tmp_path / "work"


def test_submit_says_what_is_unsolved_and_writes_one_small_file(work, capsys):
    path = work / "05_vae.ipynb"
    notebook = extract.read(path)
    solution = next(
        c
        for c in solved()["cells"]
        if c["metadata"].get("nbgrader", {}).get("grade_id") == "active_units"
    )
    place = next(
        i
        for i, c in enumerate(notebook["cells"])
        if c["metadata"].get("nbgrader", {}).get("grade_id") == "active_units"
    )
    notebook["cells"][place] = solution | {
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "x" * 10**6}]
    }
    path.write_text(json.dumps(notebook))
    before = path.read_bytes()
    assert main(["submit", "05", "--name", "Ada Lovelace"]) == 0
    said = capsys.readouterr().out
    assert "1 of 6 points" in said and said.count("○") == 2 and said.count("✓ active_units") == 1
    handed_in = work / "handin" / "05_ada_lovelace.ipynb"
    assert str(handed_in) in said and path.read_bytes() == before
    assert handed_in.stat().st_size < 200_000
    nbformat.validate(nbformat.read(handed_in, 4))
    again = mark.mark(mark.Job("", "05.ipynb", handed_in.read_bytes(), b"", kind="own"))
    assert [each.points for each in again if each.task == "active_units"] == [1]


def test_submit_takes_a_path_and_refuses_what_is_no_lesson(work, tmp_path, monkeypatch):
    elsewhere = tmp_path / "Copy of 05.ipynb"
    elsewhere.write_text(json.dumps(by_colab(solved())))
    assert submit.submit(str(elsewhere), out=tmp_path / "out") == 0
    assert (tmp_path / "out" / "05.ipynb").exists()
    (tmp_path / "other.ipynb").write_text(json.dumps(notebook_of("x = 1")))
    for lesson, says in (
        ("17", "no lesson 17"),
        ("nothing.ipynb", "no file nothing.ipynb"),
        (str(tmp_path / "other.ipynb"), "none of the course's tasks"),
    ):
        with pytest.raises(SystemExit, match=says):
            submit.submit(lesson)
    own = tmp_path / "mine" / "05.ipynb"
    own.parent.mkdir()
    own.write_text(json.dumps(solved()))
    with pytest.raises(SystemExit, match="is your notebook itself, which would lose its outputs"):
        submit.submit(str(own), out=own.parent)
    half = notebook_of(
        json.dumps("\ud83d"),
        *(cell["source"] for cell in solved()["cells"] if cell["cell_type"] == "code"),
    )
    own.write_text(json.dumps(half))
    assert submit.submit(str(own)) == 0  # half a character, as some editors leave it
    assert (
        extract.read(own.parent / "handin" / "05.ipynb")["cells"][0]["source"]
        == half["cells"][0]["source"]
    )
    with monkeypatch.context() as patch:
        patch.setattr(mark, "TASKS", None)  # a failure of ours
        with pytest.raises(SystemExit, match="could not be checked: the grader failed.*Try again"):
            submit.submit(str(elsewhere))
    (work / "05_vae.ipynb").unlink()
    with pytest.raises(SystemExit, match="Give the path of your notebook"):
        submit.submit("5")


def test_restart_keeps_everything(work, capsys):
    path = work / "05_vae.ipynb"
    fresh = path.read_bytes()
    for n in (1, 2):
        path.write_text(f"work {n}")
        assert main(["restart", "5"]) == 0
        assert path.read_bytes() == fresh
        assert (work / "kept" / f"05_vae-{n}.ipynb").read_text() == f"work {n}"
    assert (work / "kept" / "05_vae-1.ipynb").read_text() == "work 1"
    path.unlink()
    restart.restart("05")
    assert path.read_bytes() == fresh
    with pytest.raises(SystemExit, match="no lesson 17"):
        restart.restart("17")

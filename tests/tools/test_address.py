"""The address of the course: every link at its own file, and the Colab cell in an environment of
its own.
"""

import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbconvert import PythonExporter
from nbformat.v4 import new_code_cell, new_notebook

from course_tools.cli import main
from course_tools.publish import address, notebooks, readme, student_version
from course_tools.publish.class_repo import release
from course_tools.publish.student_version import STUDENT
from course_utils.exercises import handout

LESSONS = notebooks.find()
HERE = address.read()
HOST = "github.com"
ONE = next(
    lesson for lesson in LESSONS if any(cell.metadata.get("readme") for cell in lesson.read().cells)
)


def link(notebook) -> str:
    return notebook.cells[0].source.split("[Open in Colab](")[1].split(")")[0]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_links_lead_to_their_own_file(lesson):
    assert link(lesson.read()) == HERE.colab(f"notebooks/{lesson.path.name}")
    handed_out = nbformat.read(STUDENT / lesson.path.name, as_version=4)
    assert link(handed_out) == HERE.colab(f"notebooks/student/{lesson.path.name}")
    assert handed_out.cells[0].source.startswith(
        "> In Colab, first of all: *File → Save a copy in Drive*."
    )
    assert HERE.colab(f"notebooks/student/{lesson.path.name}") in readme.table(HERE)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_one_cell_the_same_everywhere(lesson):
    for notebook in (lesson.read(), nbformat.read(STUDENT / lesson.path.name, as_version=4)):
        (cell,) = [
            cell
            for cell in notebooks.code_cells(notebook)
            if "colab" in cell.metadata.get("tags", [])
        ]
        assert (
            cell.source == HERE.cell()
            and cell is next(notebooks.code_cells(notebook))
            and not cell.outputs
        )


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout of one lesson that may be rewritten."""
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(student_version, "STUDENT", tmp_path / "notebooks" / "student")
    original = Path(readme.__file__).parents[2]
    for name in ("pyproject.toml", "README.md"):
        (tmp_path / name).write_bytes((original / name).read_bytes())
    notebooks.write(ONE.read(), tmp_path / "notebooks" / ONE.path.name)
    return tmp_path


def test_badges_rewrite_everything(checkout, capsys):
    with pytest.raises(SystemExit, match="The address is still OWNER/REPOSITORY"):
        address.check()
    assert main(["badges", "--repo", "ada/course", "--ref", "v1.0"]) == 0
    assert address.read() == address.Address("ada/course", "v1.0")
    main(["badges", "--check"])
    for path in checkout.rglob("*"):
        if path.suffix in (".ipynb", ".md", ".toml"):
            assert "OWNER/REPOSITORY" not in path.read_text(encoding="utf-8"), path
    notebook = notebooks.find()[0].read()
    assert "git+https://github.com/ada/course@v1.0" in notebook.cells[1].source
    assert [cell.source for cell in notebook.cells[2:]] == [
        cell.source for cell in ONE.read().cells[2:]
    ]
    before = (checkout / "notebooks" / ONE.path.name).read_bytes()
    assert main(["badges", "--repo", "ada/course", "--ref", "v1.0"]) == 0
    assert (checkout / "notebooks" / ONE.path.name).read_bytes() == before
    with pytest.raises(SystemExit, match="Expected owner/name"):
        main(["badges", "--repo", "https://github.com/ada/course"])


def test_a_class_repository_has_its_own_address_or_none(tmp_path, monkeypatch):
    # The numbers of the tasks take seconds; tests/tools/test_class_repo.py looks at them.
    monkeypatch.setattr(handout, "write", lambda tasks, path, seed: path.touch())
    release(tmp_path / "with", address.Address("school/class", "main"))
    release(tmp_path / "without")
    for path in (tmp_path / "with" / "notebooks" / "student").glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        assert (
            link(notebook)
            == f"https://colab.research.google.com/github/school/class/blob/main/notebooks/student/{path.name}"
        )
        assert "git+https://github.com/school/class@main" in notebook.cells[1].source
    for path in (tmp_path / "without" / "notebooks" / "student").glob("*.ipynb"):
        assert "Open in Colab" not in path.read_text(
            encoding="utf-8"
        ) and "google.colab" not in path.read_text(encoding="utf-8")
    assert "colab.research.google.com/github/school/class" in (
        tmp_path / "with" / "README.md"
    ).read_text(encoding="utf-8")


def test_the_cell_is_short_and_does_nothing_elsewhere(tmp_path):
    """What it does on Colab, and that it changes nothing there, is tried by `tests/versions.py
    colab`.
    """
    cell = address.Address("x/y", "v1").cell()
    assert len(cell.splitlines()) <= 5 and "git+https://github.com/x/y@v1" in cell
    elsewhere = subprocess.run(
        [sys.executable, "-m", "IPython", "-c", cell], capture_output=True, text=True, cwd=tmp_path
    )
    assert elsewhere.returncode == 0 and elsewhere.stdout == elsewhere.stderr == ""
    script, _ = PythonExporter().from_notebook_node(new_notebook(cells=[new_code_cell(cell)]))
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True).returncode
        == 0
    )


@pytest.mark.parametrize(
    "remote",
    [
        "https://github.com/ada/my.course.git",
        "https://github.com/ada/my.course",
        f"https://token@{HOST}/ada/my.course/",
        f"git@{HOST}:ada/my.course.git",
        f"ssh://git@{HOST}/ada/my.course.git",
    ],
)
def test_the_address_of_a_clone_is_that_of_its_remote(remote, tmp_path, monkeypatch):
    clone(tmp_path, monkeypatch, remote)
    assert address.from_git() == address.Address("ada/my.course", "trunk")
    git(tmp_path, "tag", "v2.0")
    assert address.derived() == address.Address("ada/my.course", "v2.0")
    assert address.derived().pages == "https://ada.github.io/my.course/"


@pytest.mark.parametrize("remote", ["https://example.com/ada/course", "../elsewhere", None])
def test_without_a_remote_on_github_it_is_the_committed_one(remote, tmp_path, monkeypatch):
    clone(tmp_path, monkeypatch, remote)
    assert address.from_git() is None
    assert address.derived() == address.read() == address.Address("eve/other", "v1")
    with pytest.raises(SystemExit, match="no remote `origin` on GitHub"):
        main(["address", "--from-git"])


def test_a_workflow_knows_its_repository(tmp_path, monkeypatch):
    clone(tmp_path, monkeypatch, "https://github.com/ada/course")
    monkeypatch.setenv("GITHUB_REPOSITORY", "School/School.github.io")
    monkeypatch.setenv("GITHUB_REF_NAME", "v3")
    here = address.derived()
    assert here == address.Address("School/School.github.io", "v3")
    assert here.pages == "https://school.github.io/"
    assert here.edit("a.md") == "https://github.com/School/School.github.io/edit/main/a.md"


def test_a_fork_is_right_after_one_command(checkout, monkeypatch):
    for arguments in (["init", "-q", "-b", "main"], ["add", "."]):
        git(checkout, *arguments)
    git(checkout, "commit", "-qm", "All")
    git(checkout, "remote", "add", "origin", f"git@{HOST}:ada/course.git")
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    assert main(["address", "--from-git"]) == 0
    assert address.read() == address.Address("ada/course", "main")
    assert "git+https://github.com/ada/course@main" in notebooks.find()[0].read().cells[1].source
    address.check()


def git(folder: Path, *arguments: str) -> None:
    who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def clone(folder: Path, monkeypatch, remote: str | None) -> None:
    monkeypatch.setattr(notebooks, "ROOT", folder)
    monkeypatch.delenv("GITHUB_REPOSITORY", raising=False)
    (folder / "pyproject.toml").write_text(
        '[project.urls]\nRepository = "https://github.com/eve/other"\n[tool.course]\nref = "v1"\n'
    )
    git(folder, "init", "-q", "-b", "trunk")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "All")
    if remote:
        git(folder, "remote", "add", "origin", remote)

"""The address of the course: every link at its own file, and the Colab cell in an environment of its own."""

import json
import os
import subprocess
import sys
import venv
from pathlib import Path

import nbformat
import pytest

from course_utils.__main__ import main
from course_utils.teaching import address, generated, lessons, student
from course_utils.teaching.release import release
from course_utils.teaching.student import STUDENT

LESSONS = lessons.find()
HERE = address.read()
ONE = next(lesson for lesson in LESSONS if any(cell.metadata.get("readme") for cell in lesson.read().cells))


def link(notebook) -> str:
    return notebook.cells[0].source.split("[Open in Colab](")[1].split(")")[0]


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_links_lead_to_their_own_file(lesson):
    assert link(lesson.read()) == HERE.colab(f"notebooks/{lesson.path.name}")
    handed_out = nbformat.read(STUDENT / lesson.path.name, as_version=4)
    assert link(handed_out) == HERE.colab(f"notebooks/student/{lesson.path.name}")
    assert handed_out.cells[0].source.startswith("> In Colab, first of all: *File → Save a copy in Drive*.")
    assert HERE.colab(f"notebooks/student/{lesson.path.name}") in generated.table(HERE)


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)
def test_one_cell_the_same_everywhere(lesson):
    for notebook in (lesson.read(), nbformat.read(STUDENT / lesson.path.name, as_version=4)):
        (cell,) = [cell for cell in lessons.code_cells(notebook) if "colab" in cell.metadata.get("tags", [])]
        assert cell.source == HERE.cell() and cell is next(lessons.code_cells(notebook)) and not cell.outputs


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout of one lesson that may be rewritten."""
    monkeypatch.setattr(lessons, "ROOT", tmp_path)
    monkeypatch.setattr(student, "STUDENT", tmp_path / "notebooks" / "student")
    original = Path(generated.__file__).parents[2]
    for name in ("pyproject.toml", "README.md"):
        (tmp_path / name).write_bytes((original / name).read_bytes())
    lessons.write(ONE.read(), tmp_path / "notebooks" / ONE.path.name)
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
    notebook = lessons.find()[0].read()
    assert "git+https://github.com/ada/course@v1.0" in notebook.cells[1].source
    assert [cell.source for cell in notebook.cells[2:]] == [cell.source for cell in ONE.read().cells[2:]]
    before = (checkout / "notebooks" / ONE.path.name).read_bytes()
    assert main(["badges", "--repo", "ada/course", "--ref", "v1.0"]) == 0
    assert (checkout / "notebooks" / ONE.path.name).read_bytes() == before
    with pytest.raises(SystemExit, match="Expected owner/name"):
        main(["badges", "--repo", "https://github.com/ada/course"])


def test_a_class_repository_has_its_own_address_or_none(tmp_path):
    release(tmp_path / "with", address.Address("school/class", "main"))
    release(tmp_path / "without")
    for path in (tmp_path / "with" / "notebooks" / "student").glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        assert (
            link(notebook) == f"https://colab.research.google.com/github/school/class/blob/main/notebooks/student/{path.name}"
        )
        assert "git+https://github.com/school/class@main" in notebook.cells[1].source
    for path in (tmp_path / "without" / "notebooks" / "student").glob("*.ipynb"):
        assert "Open in Colab" not in path.read_text(encoding="utf-8") and "google.colab" not in path.read_text(
            encoding="utf-8"
        )
    assert "colab.research.google.com/github/school/class" in (tmp_path / "with" / "README.md").read_text(encoding="utf-8")


COLAB = """
import sys, types
colab, output = types.ModuleType("google.colab"), types.ModuleType("google.colab.output")
output.enable_custom_widget_manager = lambda: print("widgets on")
colab.output = output
sys.modules |= {"google": types.ModuleType("google"), "google.colab": colab, "google.colab.output": output}
"""


@pytest.fixture(scope="module")
def machine(tmp_path_factory):
    """Stands in for Colab: a new environment, a few packages that are there already, and a tag in a local repository.

    The packages are small stand-ins, among them a `torch` older than the one asked for: what matters is who touches them.
    """
    home = tmp_path_factory.mktemp("colab")
    project = home / "project"
    (project / "course_utils").mkdir(parents=True)
    (project / "course_utils" / "__init__.py").write_text("there = True\n")
    needs = '["torch>=2.6", "absent-one>=1.0", "present_one>=1.0"]'
    (project / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
        f'[project]\nname = "generative-models-course"\nversion = "0.1"\ndependencies = {needs}\n'
        '[tool.setuptools]\npackages = ["course_utils"]\n'
    )
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"]
    for command in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "all"], ["tag", "v1"]):
        subprocess.run([*git, *command], cwd=project, check=True)
    wheels = home / "wheels"
    build = [sys.executable, "-m", "pip", "download", "--quiet", "--dest", str(wheels), "setuptools"]
    if subprocess.run(build, capture_output=True).returncode:
        pytest.skip("no network, and no setuptools to build stand-ins with")
    for name, version in (("torch", "2.5"), ("torch", "2.9"), ("absent-one", "1.2"), ("present_one", "1.1")):
        source = home / f"{name}-{version}"
        module = name.replace("-", "_")
        (source / module).mkdir(parents=True)
        extra = "class cuda:\n    is_available = staticmethod(lambda: False)\n" if name == "torch" else ""
        (source / module / "__init__.py").write_text(f"version = '{version}'\n{extra}")
        (source / "pyproject.toml").write_text(
            '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
            f'[project]\nname = "{name}"\nversion = "{version}"\n[tool.setuptools]\npackages = ["{module}"]\n'
        )
        pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", str(wheels), str(source)]
        subprocess.run(pip, check=True)
    venv.create(home / "venv", with_pip=True)
    python = next(p for p in (home / "venv/bin/python", home / "venv/Scripts/python.exe") if p.exists())
    there = [str(wheels / "torch-2.5-py3-none-any.whl"), str(wheels / "present_one-1.1-py3-none-any.whl")]
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--no-deps", *there], check=True)
    environment = {**os.environ, "PIP_FIND_LINKS": wheels.as_uri(), "PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    return home, python, environment


def run(machine, ref: str, *, colab: bool = True):
    """The cell of a lone notebook, in the new environment."""
    home, python, environment = machine
    cell = address.Address("x/y", ref).cell().replace("https://github.com/x/y", (home / "project").as_uri())
    return subprocess.run(
        [python, "-c", (COLAB if colab else "") + cell], capture_output=True, text=True, env=environment, cwd=home
    )


def files(machine) -> dict[str, tuple]:
    folder = next((machine[0] / "venv").rglob("site-packages"))
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in folder.rglob("*")
            if ("torch" in str(path) or "present_one" in str(path)) and path.suffix != ".pyc" and path.is_file()}  # fmt: skip


def test_the_cell_installs_once_and_leaves_what_is_there(machine):
    home, python, _ = machine
    before = files(machine)
    elsewhere = run(machine, "v1", colab=False)
    assert elsewhere.returncode == 0 and elsewhere.stdout == elsewhere.stderr == ""
    bad = run(machine, "v999")
    assert bad.returncode != 0 and "Installing the course failed" in bad.stderr and "v999 exist?" in bad.stderr
    first = run(machine, "v1")
    assert first.returncode == 0, first.stderr
    assert "left as they are: torch" in first.stdout and "widgets on" in first.stdout and "Device: CPU" in first.stdout
    assert files(machine) == before, "something that was there has changed"
    listed = subprocess.run([python, "-m", "pip", "list", "--format", "json"], capture_output=True, text=True, check=True)
    versions = {entry["name"].lower().replace("_", "-"): entry["version"] for entry in json.loads(listed.stdout)}
    assert versions["torch"] == "2.5" and versions["absent-one"] == "1.2" and "generative-models-course" in versions
    again = run(machine, "v999")  # not even looked at: the course is there
    assert again.returncode == 0 and "Installed" not in again.stdout and "Device: CPU" in again.stdout

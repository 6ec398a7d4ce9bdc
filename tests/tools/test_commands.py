"""The commands: course, lab, outline, sync."""

import os
import subprocess
import sys

import nbformat
import pytest
import yaml

from course_tools.publish import notebooks, outline, readme, runs, site, student_version
from course_tools.student import lab
from course_utils.errors import CourseError

pytestmark = pytest.mark.slow


def lesson_with(number: str, *cells: str) -> nbformat.NotebookNode:
    about = {"course": {"lesson": number, "title": f"Title {number}", "see": "Something."}}
    v4 = nbformat.v4
    return v4.new_notebook(
        cells=[
            v4.new_markdown_cell(f"# {number} <b>bold</b> $x^2$"),
            *[v4.new_code_cell(cell) for cell in cells],
        ],
        metadata=about,
    )


@pytest.fixture
def checkout(tmp_path, monkeypatch):
    """A checkout of three small lessons, the second of which fails in its second cell."""
    monkeypatch.setattr(notebooks, "ROOT", tmp_path)
    address = (
        '[project.urls]\nRepository = "https://github.com/ada/course"\n[tool.course]\nref = "v1"\n'
    )
    (tmp_path / "pyproject.toml").write_text(address)
    notebooks.write(lesson_with("01", "print('one')"), tmp_path / "notebooks" / "01_a.ipynb")
    notebooks.write(
        lesson_with("02", "x = 1", "x / 0", "print('never')"), tmp_path / "notebooks" / "02_b.ipynb"
    )
    notebooks.write(
        lesson_with("03", "print('three <script>')"), tmp_path / "notebooks" / "03_c.ipynb"
    )
    return tmp_path


@pytest.fixture
def built(monkeypatch):
    """What the site is built from, in place of the site."""
    calls = []
    monkeypatch.setattr(site, "build", lambda out, **parts: calls.append(parts) or 0)
    return calls


def test_a_failing_cell_is_named_and_the_other_lessons_run(checkout, built, capsys):
    assert runs.course(checkout / "site") == 1
    said = capsys.readouterr().out
    assert (
        "02 Title 02:" in said and "FAILED in cell 2: ZeroDivisionError: division by zero" in said
    )
    assert "01 Title 01:" in said and "03 Title 03:" in said and said.count("ok") == 2
    ((parts),) = built
    rows = parts["report"].splitlines()
    assert [row.split(" | ")[-1].rstrip(" |") for row in rows[-3:]] == [
        "✓",
        "✗ cell 2: ZeroDivisionError: division by zero",
        "✓",
    ]
    assert "[02 · Title 02](notebooks/02_b.ipynb)" in rows[-2]
    outputs = {
        number: [output for cell in notebooks.code_cells(page) for output in cell.outputs]
        for number, page in parts["executed"].items()
    }
    assert outputs["01"][0].text == "one\n" and outputs["02"][0].ename == "ZeroDivisionError"
    assert outputs["03"][0].text == "three <script>\n"


def test_what_went_wrong_does_not_break_the_table(checkout, built):
    notebooks.write(
        lesson_with("01", "raise ValueError('a | b\\n[c](d) <b>')"),
        checkout / "notebooks" / "01_a.ipynb",
    )
    assert runs.course(checkout / "site", "01") == 1
    row = built[0]["report"].splitlines()[-1]
    assert r"a \| b \[c\](d) \<b\>" in row and row.endswith(" |")


def test_a_folder_with_something_else_is_refused_before_anything_runs(checkout, monkeypatch):
    (checkout / "site").mkdir()
    (checkout / "site" / "mine.txt").write_text("mine")
    monkeypatch.setattr(notebooks, "execute", lambda *_: pytest.fail("a lesson was run"))
    with pytest.raises(CourseError, match="holds is no site of the course"):
        runs.course(checkout / "site")
    assert [path.name for path in (checkout / "site").iterdir()] == ["mine.txt"]


def test_a_slow_cell_is_named_and_goes_on(checkout, built, monkeypatch, capsys):
    notebooks.write(
        lesson_with("01", "x = 1", "import time; time.sleep(1.5)", "x = 2"),
        checkout / "notebooks" / "01_a.ipynb",
    )
    monkeypatch.setattr(notebooks, "SLOW", 1)
    assert runs.course(checkout / "site", "01") == 0
    assert "01 Title 01: cell 2 of 3 has taken 1 s so far" in capsys.readouterr().out


def test_a_cell_that_hangs_ends_the_lesson(checkout, monkeypatch):
    monkeypatch.setattr(notebooks, "HANGS", 1)
    _, error = notebooks.execute(
        lesson_with("01", "x = 1", "import time; time.sleep(60)"), checkout
    )
    assert error == "cell 2: did not end within 1 s"


def test_all_well_is_exit_code_0_and_lessons_can_be_chosen(checkout, built, capsys):
    assert runs.course(checkout / "site", "01", "03") == 0
    assert "02" not in capsys.readouterr().out and built[0]["executed"].keys() == {"01", "03"}
    with pytest.raises(SystemExit, match="no lesson 07; there are 01, 02, 03"):
        runs.course(checkout / "site", "07")


def test_execute_in_place_saves_only_what_holds(checkout, capsys):
    before = (checkout / "notebooks" / "02_b.ipynb").read_bytes()
    assert notebooks.execute_in_place() == 1
    assert (checkout / "notebooks" / "02_b.ipynb").read_bytes() == before
    saved = notebooks.find("01")[0]
    assert saved.seconds is not None and saved.read().cells[1].outputs[0].text == "one\n"


@pytest.fixture
def student_copies(tmp_path, monkeypatch):
    monkeypatch.setattr(lab, "WORK", tmp_path / "work")
    monkeypatch.setattr(student_version, "STUDENT", tmp_path / "student")
    (tmp_path / "student").mkdir()
    for name in ("01_a.ipynb", "02_b.ipynb"):
        (tmp_path / "student" / name).write_text("as handed out")
    return tmp_path / "work"


def test_copies_are_never_overwritten(student_copies):
    assert lab.copy_missing() == ["01_a.ipynb", "02_b.ipynb"]
    (student_copies / "01_a.ipynb").write_text("my work")
    (student_copies / "02_b.ipynb").unlink()
    assert lab.copy_missing() == ["02_b.ipynb"]
    assert (student_copies / "01_a.ipynb").read_text() == "my work"
    assert (student_copies / "02_b.ipynb").read_text() == "as handed out"


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="no such thing as root here")
@pytest.mark.parametrize(
    ("user", "expected"), [(0, ["--allow-root", "--no-browser"]), (1000, ["--no-browser"])]
)
def test_lab_starts_with_jupyters_defaults(student_copies, monkeypatch, capsys, user, expected):
    import jupyterlab.labapp

    started = []
    monkeypatch.setattr(
        jupyterlab.labapp, "main", lambda arguments: started.append((arguments, os.getcwd()))
    )
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.chdir(student_copies.parent)
    monkeypatch.setattr(sys, "argv", ["python -m course_utils", "lab"])
    with pytest.raises(SystemExit):
        lab.lab(["--no-browser"])
    assert started == [(expected, str(student_copies))]
    assert ("You are root" in capsys.readouterr().out) == (user == 0)


def test_the_outline_knows_where_the_slides_are():
    places = outline.places()
    assert list(places) == [f"S{n}" for n in range(1, 31)]
    assert all(place[:2] == "02" for place in places["S10"]) and places["S10"]
    known = {
        "01": range(1, 9),
        "02": (9, 10),
        "03": (9, 11, 12, 13),
        "04": (15, 17, 18),
        "05": (3, 14, 16, 18, 19, 20),
        "06": (6, 21, 22, 23, 24),
        "07": (25, 26, 27),
        "08": (28,),
        "09": (8, 29, 30),
    }
    assert all(places.values()), "a slide of the lecture stands nowhere"
    for lesson, slide in ((lesson, f"S{n}") for lesson, numbers in known.items() for n in numbers):
        assert any(place[:2] == lesson for place in places[slide]), slide


def test_every_slide_of_the_lecture_is_shown_by_a_figure_or_a_number():
    shown = {
        slide
        for lesson in notebooks.find()
        for cell in notebooks.code_cells(lesson.read())
        for slide in cell.metadata.get("lecture", [])
        if any(
            "image/png" in output.get("data", {}) or output.get("name") == "stdout"
            for output in cell.outputs
        )
        or any('class="film"' in str(output.get("data", {})) for output in cell.outputs)
    }
    assert shown == set(outline.LECTURE)


def test_an_unknown_slide_is_refused(checkout):
    notebook = lesson_with("01", "x = 1")
    notebook.cells[1].metadata.lecture = ["S31"]
    notebooks.write(notebook, checkout / "notebooks" / "01_a.ipynb")
    with pytest.raises(SystemExit, match="no slide 'S31'"):
        outline.places()


def test_a_readme_without_its_markers_is_said(checkout):
    (checkout / "README.md").write_text("No table.", encoding="utf-8")
    with pytest.raises(
        CourseError, match="expected .* before the table of lessons, and .* after it"
    ):
        readme.readme()
    notebooks.write(lesson_with("01", "x = 1"), checkout / "notebooks" / "01_a.ipynb")
    with pytest.raises(CourseError, match="expected one figure .* got 0"):
        readme.picture()


@pytest.mark.parametrize("name", readme.FILES)
def test_generated_files_are_up_to_date(name):
    assert (notebooks.ROOT / name).read_bytes() == readme.FILES[name](), (
        f"{name} is stale: run `make sync`"
    )


def test_the_environment_has_every_dependency():
    project = notebooks.pyproject()["project"]
    environment = yaml.safe_load(readme.environment())
    listed = {str(entry).split(">")[0] for entry in environment["dependencies"]}
    for required in (
        "pytorch",
        "torchvision",
        "jupyterlab",
        "ipywidgets",
        "matplotlib",
        "nbval",
        "scikit-learn",
        "python",
    ):
        assert required in listed
    assert len(listed) >= 2 + len(project["dependencies"]) + len(
        project["optional-dependencies"]["teach"]
    )


def test_upper_bounds_have_a_reason():
    for line in (notebooks.ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines():
        if (
            line.strip().startswith('"')
            and ("<" in line or "==" in line)
            and "python_version" not in line
        ):
            assert "#" in line, f"an upper bound without its reason: {line.strip()}"


@pytest.mark.parametrize(
    "arguments", [[], ["nonsense"], ["outline", "--colour"], ["train", "nonsense"]]
)
def test_the_command_line_says_what_it_takes(arguments):
    run = subprocess.run(
        [sys.executable, "-m", "course_tools", *arguments], capture_output=True, text=True
    )
    assert run.returncode == 2 and "usage: course" in run.stderr


def test_outline_on_the_command_line():
    run = subprocess.run(
        [sys.executable, "-m", "course_tools", "outline"],
        capture_output=True,
        encoding="utf-8",
        check=True,
    )
    assert len(run.stdout.splitlines()) == 30 and " S10  PCA as the simple example" in run.stdout


@pytest.mark.parametrize("arguments", [["outline"], ["nonsense"], ["restart", "77"]])
def test_the_old_name_of_the_commands_does_the_same_and_says_the_new_one(arguments):
    new, old = (
        subprocess.run(
            [sys.executable, "-m", package, *arguments], capture_output=True, encoding="utf-8"
        )
        for package in ("course_tools", "course_utils")
    )
    assert (old.stdout, old.returncode) == (new.stdout, new.returncode)
    first, rest = old.stderr.split("\n", maxsplit=1)
    assert (
        first == "The commands have a new name: `course`, or `python -m course_tools`."
        and rest == new.stderr
    )

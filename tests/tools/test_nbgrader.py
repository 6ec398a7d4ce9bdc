"""An nbgrader course can take the lessons as they are."""

import os
import subprocess
import sys
import sysconfig

import nbformat
import pytest

from course_tools.publish import notebooks
from course_utils.exercises import TASKS

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]

LESSON = notebooks.find("04")[0]  # the shortest
CONFIG = """
c = get_config()
c.CourseDirectory.course_id = "course"
c.Exchange.root = {exchange!r}
c.Execute.timeout = c.Execute.iopub_timeout = c.Execute.startup_timeout = 3600
"""  # the limits are for what hangs: a busy machine is only slow


def nbgrader(folder, *arguments):
    run = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "PATH": os.pathsep.join([sysconfig.get_path("scripts"), os.environ["PATH"]]),
            "PYTHONWARNINGS": "ignore",
            "JUPYTER_CONFIG_DIR": str(folder / "jupyter"),
        },
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return run.stderr


def grades(folder, student) -> dict[str, float]:
    """Points per graded cell of a student, as nbgrader's database has them."""
    from nbgrader.api import Gradebook

    with Gradebook(f"sqlite:///{folder / 'gradebook.db'}") as book:
        submission = book.find_submission_notebook(LESSON.name, "04", student)
        return {grade.name: grade.score for grade in submission.grades}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    folder = tmp_path_factory.mktemp("nbgrader")
    (folder / "source" / "04").mkdir(parents=True)
    (folder / "source" / "04" / LESSON.path.name).write_bytes(LESSON.path.read_bytes())
    (folder / "nbgrader_config.py").write_text(CONFIG.format(exchange=str(folder / "exchange")))
    nbgrader(folder, "generate_assignment", "04", "--create")
    return folder


def test_its_student_version_has_no_solutions(course):
    built = nbformat.read(course / "release" / "04" / LESSON.path.name, 4)
    assert "BEGIN SOLUTION" not in nbformat.writes(
        built
    ) and "<details><summary>The solution" not in nbformat.writes(built)


def short(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Set-up and tasks alone: what stands between them takes half a minute and gives no points."""
    set_up = [cell.id for cell in list(notebooks.code_cells(notebook))[:2]]
    notebook.cells = [
        cell for cell in notebook.cells if cell.id in set_up or "nbgrader" in cell.metadata
    ]
    return notebook


def test_autograde_gives_the_points_of_verify(course):
    """Solved, the whole lesson: all of them. Untouched: none. One task solved in part: its part."""
    untouched = short(nbformat.read(course / "release" / "04" / LESSON.path.name, 4))
    solved = LESSON.read()
    partly = short(nbformat.read(course / "release" / "04" / LESSON.path.name, 4))
    solution = next(
        c.source
        for c in solved.cells
        if c.metadata.get("nbgrader", {}).get("grade_id") == "score_gradient"
    )
    for cell in partly.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == "score_gradient":
            cell.source = solution.replace("by_log_var = 0.5", "by_log_var = 5")
    for student, notebook in {"solved": solved, "untouched": untouched, "partly": partly}.items():
        target = course / "submitted" / student / "04"
        target.mkdir(parents=True)
        nbformat.write(notebook, target / LESSON.path.name)
    nbgrader(course, "autograde", "04", "--create")
    tasks = [task for task in TASKS.values() if task.lesson == "04"]
    of_tasks = {
        student: {
            name: score
            for name, score in grades(course, student).items()
            if name.startswith("verify-")
        }
        for student in ("solved", "untouched", "partly")
    }
    assert of_tasks["solved"] == {f"verify-{task.name}": task.points for task in tasks}
    assert of_tasks["untouched"] == {f"verify-{task.name}": 0 for task in tasks}
    assert of_tasks["partly"] == of_tasks["untouched"] | {"verify-score_gradient": 1}


def test_the_readme_warns_of_what_nbgrader_lets_pass(course):
    """A tag in the student's own metadata, and wrong code has full marks: if this fails, the
    warning is out of date.
    """
    cheat = nbformat.read(course / "release" / "04" / LESSON.path.name, 4)
    for cell in notebooks.code_cells(cheat):
        cell.metadata.tags = ["skip-execution"]
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = cell.source.replace("raise NotImplementedError()", "return 0")
    target = course / "submitted" / "cheat" / "04"
    target.mkdir(parents=True)
    nbformat.write(cheat, target / LESSON.path.name)
    nbgrader(course, "autograde", "04", "--create", "--student", "cheat")
    for task in (task for task in TASKS.values() if task.lesson == "04"):
        assert grades(course, "cheat")[f"verify-{task.name}"] == task.points

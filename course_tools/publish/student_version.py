"""`course student`: write the lessons without solutions and outputs, for students."""

from pathlib import Path

from nbformat import NotebookNode
from traitlets.config import Config

from course_tools.grading.extract import ANSWER_HERE
from course_tools.publish import notebooks

STUDENT = notebooks.ROOT / "notebooks" / "student"
SAVE = (
    "> In Colab, first of all: *File → Save a copy in Drive*. Without a copy your work is lost.\n\n"
)
STUBS = Config({"ClearSolutions": {"text_stub": ANSWER_HERE}})


def handed_out() -> list[Path]:
    """Return the paths of all student versions, in order."""
    return sorted(STUDENT.glob("[0-9][0-9]_*.ipynb"))


def student_version(notebook: NotebookNode) -> NotebookNode:
    """Return a lesson as nbgrader hands it out: stubs for solutions, no outputs, checksums.

    Args:
        notebook: the lesson; changed in place.
    """
    try:
        from nbgrader.preprocessors import ClearOutput, ClearSolutions, ComputeChecksums, LockCells
    except ImportError as error:
        raise SystemExit("Student versions need nbgrader: pip install -e '.[teach]'") from error
    resources: dict[str, dict] = {"nbgrader": {}}
    for step in (LockCells(), ClearSolutions(config=STUBS), ClearOutput(), ComputeChecksums()):
        notebook, resources = step.preprocess(notebook, resources)
    notebook.metadata.course.pop("seconds", None)
    title = notebook.cells[0]
    title.source = SAVE + title.source.replace("/notebooks/", "/notebooks/student/")
    return notebook


def write_all() -> None:
    """Write the student versions of all lessons."""
    for lesson in notebooks.find():
        notebooks.write(student_version(lesson.read()), STUDENT / lesson.path.name)
        print(f"wrote notebooks/student/{lesson.path.name}")

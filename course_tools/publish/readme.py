"""`course sync`: write the files that are generated from others: nothing is stated twice."""

import base64

from course_tools.publish import address, notebooks
from course_utils.errors import CourseError
from course_utils.exercises import points_of

CONDA_NAMES = {"torch": "pytorch"}  # every other package has one name on PyPI and conda-forge
PIP_ONLY = {"sphinx-mathjax-offline", "zuko"}  # conda-forge may not have them
BEGIN, END = "<!-- lessons: written by `course sync` -->", "<!-- end of lessons -->"
PICTURE = "docs/picture.png"


def requirement_name(requirement: str) -> str:
    """Return the name of the package in a requirement, such as torch in "torch>=2.6"."""
    return requirement.split(";")[0].split(">")[0].split("[")[0].strip()


def environment() -> str:
    """Return the content of environment.yml, from the dependencies and extras in pyproject.toml."""
    project = notebooks.pyproject()["project"]
    extras = project["optional-dependencies"]
    every = [*project["dependencies"], *(line for extra in extras.values() for line in extra)]
    # An extra may need a newer version than a lesson does: of two lines the later one counts.
    wanted = {requirement_name(line): line for line in every}.values()
    lines = [
        "# Generated from pyproject.toml by `course sync`: change it there.",
        "name: generative-models", "channels: [conda-forge]", "dependencies:",
        f"  - python{project['requires-python']}", "  - pip",
    ]  # fmt: skip
    by_pip = ["--editable ."]
    for requirement in wanted:
        name = requirement_name(requirement)
        if name in PIP_ONLY:
            by_pip.append(requirement)
        elif name != project["name"] and ";" not in requirement:
            lines.append(f"  - {requirement.replace(name, CONDA_NAMES.get(name, name), 1)}")
    return "\n".join([*lines, f"  - pip: [{', '.join(by_pip)}]", ""])


def table(where: address.Address | None, *numbers: str, read: bool = True) -> str:
    """Return the README's table of lessons, in markdown.

    The seconds are those of the committed run, on two cores.

    Args:
        where: the course's address, for links to Colab; without it there are none.
        numbers: only these lessons; default: all.
        read: add links to the solved lessons.
    """
    rows = [
        "| | lesson | what you will see | study | points | runs in | |",
        "|---|---|---|---|---|---|---|",
    ]
    for lesson in notebooks.find(*numbers):
        file, run = lesson.path.name, f"{lesson.seconds} s" if lesson.seconds else "–"
        points = points_of(lesson.number)
        links = (
            [f"[![read](https://img.shields.io/badge/read-lesson-3f90da)](notebooks/{file})"]
            if read
            else []
        )
        links += [
            f"[![do](https://img.shields.io/badge/do-tasks-e76300)](notebooks/student/{file})"
        ]
        if where:
            student = where.colab(f"notebooks/student/{file}")
            links += [f"[![Colab](https://img.shields.io/badge/open-Colab-717581)]({student})"]
        cells = lesson.number, lesson.title, lesson.see, lesson.study, points, run, " ".join(links)
        rows.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(rows)


def readme() -> str:
    """Return the README with a new table of lessons."""
    text = (notebooks.ROOT / "README.md").read_text(encoding="utf-8")
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise CourseError(
            f"README.md: expected {BEGIN} before the table of lessons, and {END} after it."
        )
    return f"{head}{BEGIN}\n{table(address.read())}\n{END}{tail}"


def picture() -> bytes:
    """Return the README's picture: the figure of the cell with `"readme": true` in its metadata."""
    cells = [
        cell
        for lesson in notebooks.find()
        for cell in notebooks.code_cells(lesson.read())
        if cell.metadata.get("readme")
    ]
    images = [
        output.data["image/png"]
        for cell in cells
        for output in cell.outputs
        if "image/png" in output.get("data", {})
    ]
    if len(images) != 1:
        raise CourseError(
            'The README\'s picture: expected one figure in all cells with "readme": true in their'
            f" metadata, got {len(images)}. Execute the lesson: course execute"
        )
    return base64.b64decode(images[0])


FILES = {
    "environment.yml": lambda: environment().encode(),
    "README.md": lambda: readme().encode(),
    PICTURE: picture,
}


def sync() -> None:
    """Write all generated files."""
    for name, make in FILES.items():
        path = notebooks.ROOT / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(make())
        print(f"wrote {name}")

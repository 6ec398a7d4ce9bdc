"""`course release OUT`: a class repository, for courses whose tasks count.

It holds the student versions, the package without the specs of the tasks, and in their place a
handout of numbers with which `verify` works as ever. No lesson, no reference, no solution.
"""

import shutil
from pathlib import Path

import jinja2
import nbformat

from course_tools.publish import address, notebooks, readme
from course_tools.publish.student_version import STUDENT
from course_utils.exercises import TASKS, handout
from course_utils.exercises.catalogue import HANDOUT

COPIED = (
    "LICENSE",
    "pyproject.toml",
    "environment.yml",
    ".gitignore",
    "data/README.md",
    "docs/notation.md",
)
TEMPLATES = Path(__file__).parent / "templates" / "release"
PACKAGES = ("course_utils", "course_tools")
ANSWERS = Path("course_utils") / "exercises" / "tasks"


def release(out: Path, where: address.Address | None = None) -> None:
    """Write a class repository to the new folder `out`. Raises SystemExit, with a sentence, if
    something is there already.

    where: its own address on GitHub, for links to Colab; without one it has none.
    """
    root = notebooks.require_checkout()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SystemExit(f"{out} is not empty. Name a new folder; nothing was written.")
    if HANDOUT.exists():
        raise SystemExit(
            "This is a class repository: it has no references to make another one from."
        )
    table = readme.table(where, read=False)
    for name in COPIED:
        (out / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, out / name)
    shutil.copytree(STUDENT, out / STUDENT.relative_to(root), ignore=shutil.ignore_patterns(".*"))
    for path in sorted((out / STUDENT.relative_to(root)).glob("*.ipynb")):
        notebook = nbformat.read(path, as_version=4)
        address.put(notebook, f"notebooks/student/{path.name}", where)
        notebooks.write(notebook, path)
    for package in PACKAGES:
        shutil.copytree(root / package, out / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.rmtree(out / ANSWERS)
    handout.write(TASKS.values(), out / HANDOUT.relative_to(root))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), keep_trailing_newline=True
    )
    for template in sorted(TEMPLATES.iterdir()):
        text = environment.get_template(template.name).render(table=table)
        (out / template.name.removesuffix(".j2")).write_text(text, encoding="utf-8")
    print(
        f"A class repository is in {out}. Look at its README, then: cd {out} && git init && git add"
        " . && git commit"
    )

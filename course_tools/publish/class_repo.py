"""`course release OUT`: write a class repository, for courses in which the tasks are graded.

It holds the student versions and the package. In place of the specs of the tasks it has a handout
of numbers, with which `verify` works as usual. It has no lesson, no reference, no solution.
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
    """Write a class repository into a new folder.

    Args:
        out: the folder.
        where: the repository's own address, for links to Colab; without it there are none.

    Raises:
        SystemExit: where the folder is not empty, or this is a class repository itself.
    """
    root = notebooks.require_checkout()
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise SystemExit(f"{out} is not empty. Name a new folder; nothing was written.")
    if HANDOUT.exists():
        raise SystemExit(
            "This is a class repository: it has no references, so it cannot generate another one."
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
        shutil.copytree(
            root / package,
            out / package,
            ignore=shutil.ignore_patterns("__pycache__", "node_modules"),
        )
    shutil.rmtree(out / ANSWERS)
    handout.write(TASKS.values(), out / HANDOUT.relative_to(root))
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), keep_trailing_newline=True
    )
    for template in sorted(TEMPLATES.iterdir()):
        text = environment.get_template(template.name).render(table=table)
        (out / template.name.removesuffix(".j2")).write_text(text, encoding="utf-8")
    print(
        f"A class repository is in {out}. Read its README, then: cd {out} && git init && git add"
        " . && git commit"
    )

"""`course address`: write the address of the course wherever it stands."""

import re

from course_tools.publish import address, notebooks, readme, student_version


def write(repo: str, ref: str) -> None:
    """Write an address into pyproject.toml, all lessons, their student versions and the README.

    Args:
        repo: "owner/name" on GitHub.
        ref: a tag or branch.

    Raises:
        SystemExit: where they are not of this form.
    """
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", repo) or not re.fullmatch(r"[\w./-]+", ref):
        raise SystemExit(f"Expected owner/name and a tag or branch, got {repo} and {ref}.")
    path = notebooks.ROOT / "pyproject.toml"
    text = re.sub(
        r'Repository = ".*"',
        f'Repository = "https://github.com/{repo}"',
        path.read_text(encoding="utf-8"),
    )
    path.write_text(re.sub(r'(?m)^ref = ".*"', f'ref = "{ref}"', text), encoding="utf-8")
    for lesson in notebooks.find():
        notebook = lesson.read()
        count = next(
            (
                cell.execution_count
                for cell in notebook.cells
                if "colab" in cell.metadata.get("tags", [])
            ),
            None,
        )
        address.put(notebook, f"notebooks/{lesson.path.name}", address.Address(repo, ref))
        notebook.cells[1].execution_count = count
        notebooks.write(notebook, lesson.path)
    student_version.write_all()
    readme.sync()

"""`course release OUT`: write a class repository, for courses in which the tasks are graded.

It holds the student versions and the package. In place of the specs of the tasks it has a handout
of numbers, with which `verify` works as usual. It has no lesson, no reference, no solution.

The same command updates a class repository: only what differs is written, what a person changed
there is never overwritten, and files that the course did not write stay as they are.
"""

import json
import re
import secrets
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

import jinja2
import nbformat

from course_tools.publish import address, notebooks, readme
from course_tools.publish.student_version import STUDENT, handed_out
from course_utils import atomic
from course_utils.errors import CourseError
from course_utils.exercises import TASKS, handout
from course_utils.exercises.catalogue import HANDOUT

COPIED = (
    "LICENSE",
    "pyproject.toml",
    "environment.yml",
    ".gitignore",
    ".gitattributes",  # else Windows gives files other ends of lines, and so other digests
    "data/README.md",
    "docs/notation.md",
)
TEMPLATES = Path(__file__).parent / "templates" / "release"
PACKAGES = ("course_utils", "course_tools")
ANSWERS = Path("course_utils") / "exercises" / "tasks"
RECORD = ".course-release.json"  # in a class repository: its lessons, and the files of this course


class ReleaseError(CourseError):
    """A folder that cannot become a class repository, or be updated; nothing was written."""


def release(
    out: Path, where: address.Address | None = None, lessons: Sequence[str] | None = None
) -> None:
    """Write a class repository into a new folder, or update the one that is there.

    Args:
        out: the folder.
        where: the repository's own address, for links to Colab; default: the one that it has, for
            a new one none.
        lessons: their numbers; default: those that it has, for a new one all.

    Raises:
        ReleaseError: where the folder holds something else, or what was changed by hand.
        SystemExit: where this is a class repository itself, or there is no such lesson.
    """
    root = notebooks.require_checkout()
    if HANDOUT.exists():
        raise SystemExit(
            "This is a class repository: it has no references, so it cannot generate another one."
        )
    before = _record(out)
    numbers = lessons or before.get("lessons") or [each.number for each in notebooks.find()]
    chosen = [lesson.number for lesson in notebooks.find(*numbers)]
    seed = before.get("seed", secrets.randbelow(2**62))
    known = before.get("where")
    where = where or (address.Address(**known) if known else None)
    with tempfile.TemporaryDirectory() as folder:
        new = Path(folder)
        _build(root, new, where, chosen, seed)
        files = {path.relative_to(new).as_posix(): path for path in _files(new)}
        digests = {name: _digest(path) for name, path in files.items()}
        _refuse_changed(out, before.get("files", {}), digests)
        gone = [name for name in before.get("files", {}) if name not in files]
        differing = [name for name in files if digests[name] != _digest(out / name)]
        for name in differing:
            atomic.write(out / name, files[name].read_bytes())
        for name in gone:
            (out / name).unlink(missing_ok=True)
    about = asdict(where) if where else None
    record = {"lessons": chosen, "seed": seed, "where": about, "files": digests}
    atomic.write(out / RECORD, json.dumps(record, indent=1).encode())
    listed = f"lesson{'s' * (len(chosen) > 1)} {', '.join(chosen)}"
    if before:
        print(f"{out} has {listed}. {_what_changed(differing, gone)}")
    else:
        print(
            f"A class repository with {listed} is in {out}. Read its README, then: cd {out} && git"
            " init && git add . && git commit"
        )


def _what_changed(written: list[str], gone: list[str]) -> str:
    """Return what an update did, and what to do now."""
    more = f" and {len(written) - 8} more" * (len(written) > 8)
    return (
        f"Written: {', '.join(sorted(written)[:8]) or 'nothing'}{more}; taken away: {len(gone)}."
        " What students have in work/ is as it was. Look at it with git diff, and commit."
    )


def numbers_of(text: str) -> list[str]:
    """Return the lessons that a text such as 01-03,05 names.

    Args:
        text: numbers and ranges, separated by commas.

    Raises:
        ReleaseError: where it is none.
    """
    found = []
    for part in text.replace(" ", "").split(","):
        ends = re.fullmatch(r"(\d\d?)(?:-(\d\d?))?", part)
        if not ends or int(ends[2] or ends[1]) < int(ends[1]):
            raise ReleaseError(
                f"--lessons: expected numbers such as 01-03 or 01,02,05, got {text}. Nothing was"
                " written."
            )
        first, last = int(ends[1]), int(ends[2] or ends[1])
        found += [f"{number:02}" for number in range(first, last + 1)]
    return found


def _record(out: Path) -> dict:
    """Return what a release wrote about itself; {} where there was none yet."""
    path = out / RECORD
    if path.is_file():
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            if {"lessons", "seed", "files"} <= found.keys():
                return found
        except (ValueError, AttributeError):
            pass
        raise ReleaseError(
            f"{path}: expected what `course release` wrote, got something else. Take it from the"
            " repository's last commit. Nothing was written."
        )
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise ReleaseError(
            f"{out} is not empty, and no class repository that this command wrote (it has no"
            f" {RECORD}). Name a new folder; nothing was written."
        )
    return {}


def _refuse_changed(out: Path, before: dict[str, str], new: dict[str, str]) -> None:
    """Raise ReleaseError where a file that would be written or deleted holds a person's work."""
    changed = [
        name
        for name in sorted(before.keys() | new.keys())
        if (out / name).exists() and _digest(out / name) not in (before.get(name), new.get(name))
    ]
    if changed:
        raise ReleaseError(
            f"{out}: changed there by hand, and would be lost: {', '.join(changed[:8])}"
            f"{f' and {len(changed) - 8} more' * (len(changed) > 8)}. Move what you changed to the"
            " course, or take the file back with git checkout. Nothing was written."
        )


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _digest(path: Path) -> str:
    """Return a digest of a file; "" where there is none."""
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _build(
    root: Path, new: Path, where: address.Address | None, chosen: list[str], seed: int
) -> None:
    """Write all files of a class repository into an empty folder."""
    table = readme.table(where, *chosen, read=False)
    for name in COPIED:
        (new / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, new / name)
    student = new / STUDENT.relative_to(root)
    student.mkdir(parents=True)
    for path in handed_out():
        if path.name[:2] in chosen:
            notebook = nbformat.read(path, as_version=4)
            address.put(notebook, f"notebooks/student/{path.name}", where)
            notebooks.write(notebook, student / path.name)
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", "node_modules")
        shutil.copytree(root / package, new / package, ignore=ignored)
    shutil.rmtree(new / ANSWERS)
    tasks = [task for task in TASKS.values() if task.lesson in chosen]
    handout.write(tasks, new / HANDOUT.relative_to(root), seed=seed)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), keep_trailing_newline=True
    )
    for template in sorted(TEMPLATES.iterdir()):
        text = environment.get_template(template.name).render(table=table)
        (new / template.name.removesuffix(".j2")).write_bytes(text.encode())

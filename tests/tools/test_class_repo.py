"""The class repository: `verify` as ever, and no answer anywhere."""

import hashlib
import json
import os
import subprocess
import sys

import nbformat
import pytest

from course_tools.grading import extract
from course_tools.publish import notebooks
from course_tools.publish.class_repo import RECORD, ReleaseError, numbers_of, release
from course_tools.publish.student_version import STUDENT
from course_utils.exercises import TASKS

pytestmark = pytest.mark.slow


USUAL = """import math
import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.functional import softplus
"""


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    out = tmp_path_factory.mktemp("class") / "repository"
    release(out)
    return out


def python(repository, code: str, *, data: str = "") -> str:
    """What a program prints that runs in the class repository, with its package."""
    environment = {**os.environ, "PYTHONPATH": str(repository), "PYTHONUTF8": "1"}
    run = subprocess.run(
        [sys.executable, "-B", "-c", code],  # it shall write nothing there
        cwd=repository,
        env=environment,
        input=data,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_no_answer_is_in_it(repository):
    names = {
        path.relative_to(repository).as_posix() for path in repository.rglob("*") if path.is_file()
    }
    assert {f"notebooks/student/{path.name}" for path in STUDENT.glob("*.ipynb")} < names
    assert ".gitattributes" in names  # with it, files have the same digests on every system
    assert not [
        name
        for name in names
        if name.startswith("tests/") or "specs" in name or name.endswith(".pyc")
    ]
    assert not [
        name
        for name in names
        if name.startswith("notebooks/") and not name.startswith("notebooks/student/")
    ]
    text = "\n".join(
        (repository / name).read_text(encoding="utf-8")
        for name in names
        if name.endswith((".py", ".ipynb", ".md"))
    )
    for lesson in notebooks.find():
        cells = extract.code_cells(json.loads(nbformat.writes(lesson.read())))
        for name in (task.name for task in TASKS.values() if task.lesson == lesson.number):
            (solution,) = [cell.source for cell in cells if cell.tag == name]
            written = solution.split("### BEGIN SOLUTION")[1].split("### END SOLUTION")[0].strip()
            assert written not in text and written.splitlines()[-1].strip() not in text, name
    for task in TASKS.values():
        assert (
            task.reference.__name__ == "<lambda>" or f"def {task.reference.__name__}(" not in text
        )
        assert not [hint for hint in task.hints if hint in text]
    assert "BEGIN SOLUTION" not in text.replace('"BEGIN SOLUTION"', "")


def test_verify_works_as_ever(repository):
    """Solutions are right, stubs not started, and a listed mistake gets its hint."""
    answers = {}
    for lesson in notebooks.find():
        cells = extract.code_cells(json.loads(nbformat.writes(lesson.read())))
        answers |= {cell.tag: USUAL + cell.source for cell in cells if cell.tag in TASKS}
    said = python(
        repository,
        "import json, sys\nfrom course_utils.exercises import TASKS, verify\nimport"
        " course_utils.exercises as e; assert type(TASKS['auc']).__name__ == 'Handout',"
        " e.__file__\ndef stub(**inputs): raise NotImplementedError\nfor name, source in"
        " json.load(sys.stdin).items():\n    space = {}; exec(source, space)\n    verify(name,"
        " stub); verify(name, space[name])\nverify('auc', lambda digits, others: (digits[:, None] >"
        " others).double().mean())\nverify.summary()\n",
        data=json.dumps(answers),
    )
    lines = said.splitlines()
    for name, task in TASKS.items():
        assert (
            f"○ {name}: not started yet" in lines
            and f"✓ {name}: right, {task.points} of {task.points} point{'s' * (task.points > 1)}"
            in lines
        )
    assert any(
        line.startswith("✗ auc") and line.endswith("Hint: a tie counts one half, not nothing.")
        for line in lines
    )
    assert (
        sum(
            line.split()[-1] == "right"
            for line in lines
            if line.startswith("✓") and ":" not in line
        )
        == len(TASKS) - 1
    )


def test_its_readme_leads_to_its_own_files(repository):
    readme = (repository / "README.md").read_text(encoding="utf-8")
    links = [part.split(")")[0] for part in readme.split("](")[1:]]
    own = [link for link in links if not link.startswith("https://")]
    assert len(own) >= 9 and all((repository / link).exists() for link in own), own
    assert "{{" not in readme and "read-lesson" not in readme
    makefile = (repository / "Makefile").read_text(encoding="utf-8")
    assert 'submit "$(N)"' in makefile and "{{" not in makefile


def test_its_commands_say_what_is_not_there(repository, tmp_path):
    said = python(
        repository,
        "from course_tools.cli import main\n"
        "main(['restart', '04']); main(['submit', '04'])\n"
        "try: main(['outline'])\n"
        "except SystemExit as end: print(end)\n"
        f"try: main(['release', {str(tmp_path / 'again')!r}])\n"
        "except SystemExit as end: print(end)\n",
    )
    points = sum(task.points for task in TASKS.values() if task.lesson == "04")
    assert (
        f"0 of {points} points" in said
        and "A class repository has only the student versions" in said
    )
    assert "it has no references" in said and not (tmp_path / "again").exists()


def test_a_folder_in_use_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(ReleaseError, match="is not empty"):
        release(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def contents(folder) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_lessons_come_week_by_week_and_nobody_loses_anything(tmp_path, capsys):
    out = tmp_path / "class"
    release(out, lessons=["01", "02"])
    assert [path.name[:2] for path in sorted((out / "notebooks/student").iterdir())] == ["01", "02"]
    assert "| 03 |" not in (out / "README.md").read_text(encoding="utf-8")
    own = {"work/01_probabilistic_view.ipynb": b"a student's", ".git/HEAD": b"ref", "NEWS.md": b"!"}
    for name, content in own.items():
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_bytes(content)
    before = contents(out)
    said = python(out, "from course_utils.exercises import TASKS; print(*TASKS)")
    assert said.split() == [name for name, task in TASKS.items() if task.lesson in ("01", "02")]
    # Again: nothing differs, not even the numbers. A lesson that was mended comes anew.
    release(out)
    assert contents(out) == before
    path = next((out / "notebooks/student").glob("01_*"))
    record = json.loads((out / RECORD).read_text(encoding="utf-8"))
    record["files"][f"notebooks/student/{path.name}"] = hashlib.sha256(b"old").hexdigest()
    (out / RECORD).write_text(json.dumps(record), encoding="utf-8")
    path.write_bytes(b"old")
    release(out, lessons=["01", "03"])
    after = contents(out)
    assert after[f"notebooks/student/{path.name}"] == before[f"notebooks/student/{path.name}"]
    assert not list((out / "notebooks/student").glob("02_*"))
    assert all(after[name] == content for name, content in own.items())
    # What a person changed there is not overwritten.
    (out / "README.md").write_text("mine")
    changed = contents(out)
    with pytest.raises(ReleaseError, match="changed there by hand.*README.md"):
        release(out, lessons=["01"])
    assert contents(out) == changed


def test_a_list_of_lessons_may_hold_ranges():
    assert numbers_of("01-03,5, 10") == ["01", "02", "03", "05", "10"]
    for text in ("", "3-1", "one", "1-2-3", "100"):
        with pytest.raises(ReleaseError, match="expected numbers such as 01-03"):
            numbers_of(text)

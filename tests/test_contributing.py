"""CONTRIBUTING.md is true: its Python runs, and what it makes works."""

import re
from pathlib import Path

import matplotlib.pyplot as plt
import pytest

from course_utils import datasets
from course_utils.exercises import check

TEXT = (Path(__file__).parents[1] / "CONTRIBUTING.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (Add .+?)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))


@pytest.fixture
def run(monkeypatch):
    def run(section: str) -> dict:
        scope: dict = {}
        for block in re.findall(r"```python\n(.*?)```", SECTIONS[section], re.DOTALL):
            exec(compile(block, section, "exec"), scope)
        return scope

    yield run
    plt.close("all")


def test_the_task_holds_its_word(run):
    task = run("Add a task")["TASK"]
    for seed in range(20):
        assert check(task, task.reference, seed=seed).status == "right"
        for answer, hint in task.wrong:
            assert check(task, answer, seed=seed).message.endswith(f"Hint: {hint}")


def test_the_data_set_makes_batches(run, monkeypatch):
    monkeypatch.setattr(datasets, "LAYOUT", dict(datasets.LAYOUT))
    run("Add a data set")


def test_the_widget_shows_itself(run, capsys):
    run("Add a widget")


def test_every_kind_of_addition_is_told():
    assert list(SECTIONS) == ["Add a lesson", "Add a task", "Add a data set", "Add a widget"]
    assert all(
        Path(Path(__file__).parents[1], path).exists()
        for path in re.findall(r"`((?:course_utils|tests|benchmarks)/[\w./]+)`", TEXT)
    )

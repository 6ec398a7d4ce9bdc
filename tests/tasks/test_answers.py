"""Answers to every task: right ones of many kinds get full points on every draw of the inputs,
wrong ones on none. And `course try`, which says so.

A new way to be right or wrong is a new file: answers/TASK/right_….py or wrong_….py.
"""

import dataclasses
import functools
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from course_tools import cli
from course_tools.grading import mark, sandbox, trial
from course_utils.exercises import TASKS
from course_utils.exercises.check import GRADED

ANSWERS = Path(__file__).parent / "answers"
ROOT = Path(__file__).resolve().parents[2]
SEEDS = int(os.environ.get("COURSE_TEST_SEEDS", "20"))
half = pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(SEEDS // 2), id="first half"),
        pytest.param(range(SEEDS // 2, SEEDS), id="second half", marks=pytest.mark.exhaustive),
    ],
)

pytestmark = pytest.mark.slow


@functools.lru_cache(maxsize=SEEDS)
def rounds(name, seed):
    return trial.rounds_of(TASKS[name], seed, GRADED)


def files(kind):
    return [
        pytest.param(path, id=f"{path.parent.name}-{path.stem}")
        for path in sorted(ANSWERS.glob(f"*/{kind}_*.py"))
    ]


def results(path, seeds):
    """One `Result` per seed. Without hints, which take most of the time."""
    task = dataclasses.replace(TASKS[path.parent.name], mistakes=())
    answer = trial.load(path, task.name)
    for seed in seeds:
        yield seed, trial.verdict(task, answer, rounds(task.name, seed), seed)


@half
@pytest.mark.parametrize("path", files("right"))
def test_a_right_answer_gets_full_points_every_time(path, seeds):
    for seed, result in results(path, seeds):
        assert result.points == result.of, (seed, result)


@half
@pytest.mark.parametrize("path", files("wrong"))
def test_a_wrong_answer_never_gets_full_points(path, seeds):
    for seed, result in results(path, seeds):
        assert result.points < result.of and result.status == "wrong", (seed, result)


@pytest.mark.parametrize("name", TASKS)
def test_every_task_has_answers_of_both_kinds(name):
    kinds = [path.name.split("_")[0] for path in (ANSWERS / name).glob("*.py")]
    assert kinds.count("right") >= 3 and kinds.count("wrong") >= 6
    assert len(kinds) == kinds.count("right") + kinds.count("wrong")
    assert any("float32" in path.name for path in (ANSWERS / name).glob("right_*.py"))


def attempt(capsys, *arguments):
    code = cli.main(["try", *map(str, arguments)])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_a_right_answer_is_tried(capsys):
    right = ANSWERS / "auc" / "right_loops.py"
    code, out, err = attempt(capsys, "auc", right, "--seeds", 3, "--json")
    assert code == 0 and err == ""
    first, last = out.splitlines()
    assert first == "auc: full points in 3 of 3 seeds, on average 1 of 1"
    assert json.loads(last) == {"full": 1.0, "points": 1.0, "of": 1, "hints": []}


def test_a_sandbox_that_fails_is_no_missing_function(capsys, monkeypatch):
    failed = mark.Mark("", "", "", "", mark.REVIEW, None, 0, "the sandbox ended early")
    monkeypatch.setattr(sandbox, "check", lambda: None)
    monkeypatch.setattr(mark, "mark", lambda job: [failed])
    code, _, err = attempt(capsys, "auc", ANSWERS / "auc" / "right_loops.py", "--sandbox")
    assert code == 2 and "could not be tried: the sandbox ended early." in err


def test_a_wrong_answer_is_tried(capsys):
    code, out, _ = attempt(capsys, "auc", ANSWERS / "auc" / "wrong_ties_lost.py", "--seeds", 4)
    assert code == 0
    assert out == (
        "auc: full points in 0 of 4 seeds, on average 0 of 1\n"
        "    4 × a tie counts one half, not nothing.\n"
    )
    again = attempt(capsys, "auc", ANSWERS / "auc" / "wrong_ties_lost.py", "--seeds", 4)[1]
    assert again == out


def test_parts_count_in_the_mean(capsys):
    path = ANSWERS / "score_gradient" / "wrong_first_half_alone.py"
    code, out, _ = attempt(capsys, "score_gradient", path, "--seeds", 2, "--json")
    found = json.loads(out.splitlines()[-1])
    assert code == 0 and (found["full"], found["points"], found["of"]) == (0.0, 1.0, 2)


BUFFER = """
import torch
OUT = torch.zeros(3, 5)
def loss_and_slopes(logits, x):
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none")
    p = logits.sigmoid()
    OUT.copy_(torch.stack([loss, p - x, 2 * (p - x) * p * (1 - p)]).sum(dim=2))
    return OUT
"""


def test_an_answer_may_return_the_same_tensor_every_time(capsys, tmp_path):
    (tmp_path / "answer.py").write_text(BUFFER)
    code, out, _ = attempt(capsys, "loss_and_slopes", tmp_path / "answer.py", "--seeds", 2)
    assert code == 0 and out.startswith("loss_and_slopes: full points in 2 of 2 seeds")


def test_an_answer_that_stops_or_is_not_started(capsys, tmp_path):
    path = tmp_path / "answer.py"
    for body, said in (("1 / 0", "ZeroDivisionError"), ("raise NotImplementedError()", "stopped")):
        path.write_text(f"def auc(digits, others):\n    {body}\n")
        code, out, _ = attempt(capsys, "auc", path, "--seeds", 2, "--json")
        assert code == 0 and said in out.splitlines()[1]
        assert json.loads(out.splitlines()[-1])["points"] == 0


@pytest.mark.parametrize(
    ("task", "source", "said"),
    [
        ("acu", "", "There is no task acu; did you mean auc?"),
        ("xxxxxxxxxx", "", "There is no task xxxxxxxxxx; there are: intrinsic_dimension, auc,"),
        ("auc", "def other(): pass", "answer.py defines no function auc."),
        ("auc", "auc = 3", "answer.py defines no function auc."),
        ("auc", "import no_such_thing", "answer.py cannot be imported: ModuleNotFoundError: No"),
        ("auc", "def auc(:", "answer.py cannot be imported: SyntaxError: "),
        ("auc", "raise SystemExit", "answer.py cannot be imported: SystemExit"),
        ("auc", "open('no such file')", "answer.py cannot be imported: FileNotFoundError"),
        ("auc", None, "answer.py cannot be read: No such file or directory."),
    ],
)
def test_what_cannot_be_tried_is_said_in_a_sentence(capsys, tmp_path, task, source, said):
    if source is not None:
        (tmp_path / "answer.py").write_text(source)
    code, out, err = attempt(capsys, task, tmp_path / "answer.py", "--json")
    assert code == 2 and out == "" and said in err and err.count("\n") == 1


@pytest.mark.parametrize("seeds", ["0", "-1", "many"])
def test_the_seeds_are_a_number(capsys, seeds):
    with pytest.raises(SystemExit) as stopped:
        attempt(capsys, "auc", "answer.py", f"--seeds={seeds}")
    assert stopped.value.code == 2 and "is no number of seeds" in capsys.readouterr().err


NOISY = """
import os, sys
print("at import", end="")
def auc(digits, others):
    print("{}", end="")
    os.write(1, b"from below")
    sys.__stdout__.write("past any redirection")
    return 0.5
"""


def test_the_last_line_is_the_object_whatever_the_answer_prints(tmp_path):
    (tmp_path / "answer.py").write_text(NOISY)
    command = [sys.executable, "-m", "course_tools", "try", "auc", str(tmp_path / "answer.py")]
    done = subprocess.run(
        [*command, "--seeds", "2", "--json"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert set(found) == {"full", "points", "of", "hints"} and found["full"] == 0
    assert "at import" in done.stderr and "from below" in done.stderr

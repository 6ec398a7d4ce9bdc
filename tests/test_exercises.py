"""Every task: the reference passes, every listed mistake fails and earns its own hint, nothing raises."""

import math

import numpy as np
import pytest
import torch

from course_utils import exercises
from course_utils.exercises import TASKS, check, verify

TASK_LIST = list(TASKS.values())
MISTAKES = [(task, mistake) for task in TASK_LIST for mistake in task.mistakes]


@pytest.mark.parametrize("task", TASK_LIST, ids=lambda task: task.name)
def test_the_reference_is_right_every_time(task):
    for seed in range(100):
        result = check(task, task.reference, seed=seed)
        assert result.status == "right" and result.points == result.of == task.points, result


@pytest.mark.parametrize(("task", "mistake"), MISTAKES, ids=[f"{t.name}-{i}" for i, (t, _) in enumerate(MISTAKES)])
def test_every_mistake_is_wrong_and_earns_its_own_hint(task, mistake):
    for seed in range(100):
        result = check(task, mistake.answer, seed=seed)
        assert result.status == "wrong" and result.points == 0, result
        assert mistake.hint in result.message, result


@pytest.mark.parametrize("task", TASK_LIST, ids=lambda task: task.name)
def test_tasks_are_complete(task):
    assert len(task.mistakes) >= 3 and task.points >= 1 and len({m.hint for m in task.mistakes}) == len(task.mistakes)


@pytest.mark.parametrize("task", TASK_LIST, ids=lambda task: task.name)
def test_inputs_are_fresh_and_cannot_be_changed_by_the_student(task):
    seen = []

    def spy(**inputs):
        seen.append({name: value.clone() if torch.is_tensor(value) else value for name, value in inputs.items()})
        for value in inputs.values():
            if torch.is_tensor(value):
                value.zero_()
        return task.reference(**seen[-1])

    assert check(task, spy).status == "right"
    first, second = seen[0], seen[1]
    tensors = [name for name in first if torch.is_tensor(first[name])]
    assert tensors and any(first[n].shape != second[n].shape or not torch.equal(first[n], second[n]) for n in tensors)


def stub(**inputs):
    raise NotImplementedError()


def broken(**inputs):
    return 1 / 0


def wordless(**inputs):
    class Wordless(Exception):
        def __str__(self):
            raise RuntimeError

    raise Wordless


def leaving(**inputs):
    raise SystemExit


def hostile(**inputs):
    class Everything:
        def __eq__(self, other):
            return True

    return Everything()


WRONG = {
    "not a function": 3,
    "None": lambda **i: None,
    "NaN": lambda **i: float("nan"),
    "infinity": lambda **i: math.inf,
    "list": lambda **i: [1.0, 2.0],
    "text": lambda **i: "52",
    "bool": lambda **i: True,
    "wrong shape": lambda **i: torch.zeros(3, 5, 7),
    "complex": lambda **i: torch.zeros(2, dtype=torch.complex64),
    "sparse": lambda **i: torch.eye(3).to_sparse(),
    "meta device": lambda **i: torch.zeros(2, device="meta"),
    "object array": lambda **i: np.array([object()]),
    "wrong arguments": lambda a: a,
    "negative bit": lambda **i: torch.complex(torch.ones(2), torch.ones(2)).conj().imag,
    "complex array": lambda **i: np.ones(2) + 1j,
    "larger than a float": lambda **i: 10**400,
    "masked": lambda **i: np.ma.masked_all(2),
    "array of texts": lambda **i: np.array(["1", "2"]),
    "PyTorch has no such thing": lambda **i: torch.linalg.svdvals(torch.ones(2, 2).half()),
    "exception without words": wordless,
    "exception": broken,
    "leaves": leaving,
    "equal to everything": hostile,
}


@pytest.mark.parametrize("task", TASK_LIST, ids=lambda task: task.name)
@pytest.mark.parametrize("answer", WRONG.values(), ids=WRONG)
def test_wrong_answers_of_every_kind_get_a_sentence(task, answer, capsys):
    result = verify(task.name, answer)
    assert result.status == "wrong" and result.points == 0
    said = capsys.readouterr()
    assert said.out == f"✗ {task.name}: {result.message}\n" and said.err == ""


@pytest.mark.parametrize("task", TASK_LIST, ids=lambda task: task.name)
def test_right_numbers_in_other_clothes_are_right(task):
    truth = task.reference
    as_float32 = lambda **i: torch.as_tensor(truth(**i), dtype=torch.float32)  # noqa: E731
    as_numpy = lambda **i: np.asarray(truth(**i))  # noqa: E731
    with_gradient = lambda **i: torch.as_tensor(truth(**i), dtype=torch.float64).requires_grad_()  # noqa: E731
    for answer in (as_float32, as_numpy, with_gradient):
        assert check(task, answer).status == "right"


def test_a_stub_is_not_started(capsys):
    assert verify("principal_angles", stub).status == "not started"
    assert capsys.readouterr().out == "○ principal_angles: not started yet\n"


def test_an_unknown_name_is_said():
    assert "there are: " in verify("principal_angels", stub).message
    assert "there are: " in verify([], stub).message


def test_the_package_offers_no_task_under_its_name():
    from course_utils import data, latent, metrics, models, objectives, plots, training

    for module in (data, latent, metrics, models, objectives, plots, training):
        assert not set(TASKS) & set(vars(module)), module.__name__
    assert set(exercises.__all__) == {"TASKS", "Mistake", "Result", "Task", "check", "verify"}

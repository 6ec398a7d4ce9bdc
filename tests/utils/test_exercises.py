"""Every task: the reference passes, every listed mistake fails and earns its own hint, nothing
raises.
"""

import dataclasses
import functools
import importlib
import inspect
import math
import re
import time

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

import course_utils
import course_utils.runtime  # denormal numbers count as 0, as in lessons
from course_utils import exercises, metrics, objectives
from course_utils.exercises import TASKS, check, handout, verify
from course_utils.exercises.borrowed import borrowed_by
from course_utils.exercises.check import ROUNDS, compare
from course_utils.exercises.verify import Verify

pytestmark = pytest.mark.slow

TASK_LIST = list(TASKS.values())
MISTAKES = [(task, i) for task in TASK_LIST for i in range(len(task.wrong))]


seeds = pytest.mark.parametrize(
    "seeds",
    [
        pytest.param(range(20), id="20"),
        pytest.param(range(20, 100), id="80 more", marks=pytest.mark.exhaustive),
    ],
)


@seeds
@pytest.mark.parametrize("task", TASK_LIST, ids=lambda task: task.name)
def test_the_reference_is_right_every_time(task, seeds):
    for seed in seeds:
        result = check(task, task.reference, seed=seed)
        assert result.status == "right" and result.points == result.of == task.points, result


@functools.lru_cache(maxsize=100)
def rounds_of(name, seed):
    """As `check` draws them. A wrong answer is computed once: to be given, and to be compared with
    all others.
    """

    def once(mistaken):
        return functools.cache(lambda i: np.asarray(mistaken(i), dtype=np.float64))

    rounds = TASKS[name].rounds(torch.Generator().manual_seed(seed), ROUNDS)
    return [dataclasses.replace(each, mistaken=once(each.mistaken)) for each in rounds]


@pytest.mark.filterwarnings("ignore")  # as in `check`
@seeds
@pytest.mark.parametrize(
    ("task", "i"), MISTAKES, ids=[f"{task.name}-{n}" for n, (task, _) in enumerate(MISTAKES)]
)
def test_every_mistake_is_wrong_and_earns_its_own_hint(task, i, seeds):
    for seed in seeds:
        rounds = rounds_of(task.name, seed)
        result = compare(task, rounds, [each.mistaken(i) for each in rounds])
        assert result.status == "wrong" and result.points < result.of, result
        assert result.message.endswith(f" Hint: {task.hints[i]}"), result


@pytest.mark.parametrize("task", TASK_LIST, ids=lambda task: task.name)
def test_tasks_are_complete(task):
    assert (
        len(task.mistakes) >= 3
        and task.points >= 1
        and len({m.hint for m in task.mistakes}) == len(task.mistakes)
    )


@pytest.mark.parametrize("task", TASK_LIST, ids=lambda task: task.name)
def test_inputs_are_fresh_and_cannot_be_changed_by_the_student(task):
    seen = []

    def spy(**inputs):
        seen.append(
            {
                name: value.clone() if torch.is_tensor(value) else value
                for name, value in inputs.items()
            }
        )
        for value in inputs.values():
            if torch.is_tensor(value):
                value.zero_()
        return task.reference(**seen[-1])

    assert check(task, spy).status == "right"
    first, second = seen[0], seen[1]
    tensors = [name for name in first if torch.is_tensor(first[name])]
    assert tensors and any(
        first[n].shape != second[n].shape or not torch.equal(first[n], second[n]) for n in tensors
    )


@pytest.mark.parametrize(
    "task", [task for task in TASK_LIST if task.parts], ids=lambda task: task.name
)
def test_parts_count_by_themselves(task):
    """An answer that is wrong in one part alone loses the points of that part."""
    for part in task.parts:

        def spoiled(part=part, **inputs):
            answer = np.array(task.reference(**inputs), dtype=float)
            answer[part.start : part.stop] += 1
            return answer

        result = check(task, spoiled)
        assert result.status == "wrong" and result.points == task.points - part.points
        assert f"{result.points} of {task.points} points. {part.name}: " in result.message


def test_parts_must_add_up():
    with pytest.raises(ValueError, match="do not add up to 3"):
        exercises.Task(
            "t",
            "01",
            3,
            dict,
            dict,
            (),
            parts=(exercises.Part("a", 1, 0, 1), exercises.Part("b", 1, 1)),
        )


def test_simple_relations_are_named_where_no_mistake_fits():
    truth = TASKS["assembled_log_density"].reference
    changed = {
        "the right numbers, transposed.": lambda **i: truth(**i).T,
        "every number is 3 times what it should be.": lambda **i: 3 * truth(**i),
        "every number is 7 too large.": lambda **i: truth(**i) + 7,
    }
    for hint, answer in changed.items():
        assert check(TASKS["assembled_log_density"], answer).message.endswith(f"Hint: {hint}")


def test_a_wrong_answer_is_described():
    message = check(TASKS["slerp"], lambda z0, z1, n: torch.zeros(n, len(z0))).message
    assert re.match(
        r"shape \(\d, \d\) is right, \d+ of \d+ numbers are wrong; "
        r"largest difference \S+ at \[\d, \d\]: "
        r"expected \S+, got 0\.",
        message,
    ), message


def test_arguments_may_have_other_names():
    assert check(TASKS["auc"], lambda a, b: TASKS["auc"].reference(a, b)).status == "right"
    assert (
        check(TASKS["auc"], lambda others, digits: TASKS["auc"].reference(digits, others)).status
        == "right"
    )


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
    "float16": lambda **i: torch.zeros((), dtype=torch.float16),
    "quantized": lambda **i: torch.quantize_per_tensor(torch.ones(2), 0.1, 0, torch.quint8),
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
def test_nearly_right_answers_of_every_kind_are_wrong(task):
    """Transposed, off by one, unnormalised, one entry short: where that changes anything."""
    changes = (
        np.transpose,
        lambda a: np.roll(a, 1),
        lambda a: a + 1,
        lambda a: 7 * a,
        lambda a: a[..., :-1] if a.ndim else a[None],
    )
    for change in changes:

        def answer(**inputs):
            return change(np.asarray(task.reference(**inputs), dtype=float))  # noqa: B023

        seen = [built.expected for built in task.rounds(torch.Generator().manual_seed(0), 3)]
        if not all(np.array_equal(change(truth), truth) for truth in seen):
            result = check(task, answer, seed=0)
            assert result.status == "wrong" and result.points < task.points, result


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


def test_a_result_shows_its_points_to_nbgrader_and_nothing_to_people():
    shown = check(TASKS["auc"], TASKS["auc"].reference)._repr_mimebundle_()
    assert shown == {"text/html": "", "text/plain": "1"}
    assert check(TASKS["auc"], stub)._repr_mimebundle_()["text/plain"] == "0"


def test_the_summary_of_a_lesson(capsys):
    verify = Verify()
    verify.summary()
    assert (
        capsys.readouterr().out
        == "No task was checked yet: run the cells that begin with `verify`.\n"
    )
    verify("modes_found", lambda **i: np.array(TASKS["modes_found"].reference(**i)) * [1, 2])
    verify("fooling_loss", TASKS["fooling_loss"].reference)
    verify("js_bound", stub)
    capsys.readouterr()
    verify.summary()
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines] == [
        # it comes from the package, if only from the spec itself
        ["✗", "fooling_loss", "0", "of", "1", "wrong"],
        ["○", "both_turns", "0", "of", "3", "not", "checked", "yet"],
        ["○", "value_at_best", "0", "of", "2", "not", "checked", "yet"],
        ["○", "js_bound", "0", "of", "2", "not", "started"],
        ["✗", "modes_found", "1", "of", "2", "partly", "right"],
        ["lesson", "07", "1", "of", "10"],
    ]


def test_an_unknown_name_is_said():
    assert "did you mean principal_angles?" in verify("principal_angels", stub).message
    assert "there are: " in verify([], stub).message


def public_functions():
    for layer in course_utils.LAYERS[: course_utils.LAYERS.index("exercises")]:
        module = importlib.import_module(f"course_utils.{layer}")
        for name, value in list(vars(module).items()):
            if (
                inspect.isfunction(value)
                and not name.startswith("_")
                and value.__module__ == module.__name__
            ):
                yield name, value


@pytest.mark.parametrize("task", TASK_LIST, ids=lambda task: task.name)
def test_no_import_from_the_package_is_an_answer(task):
    for name, function in public_functions():
        assert name != task.name
        takes = inspect.signature(function).parameters.values()
        needed = [p for p in takes if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
        if (
            len(needed) == len(task.inputs(torch.Generator()))
            and check(task, function).status == "right"
        ):
            assert Verify()(task.name, function).status == "wrong", name


BORROWING = """
def direct(logits):
    return objectives.generator_loss(logits)

def inside(logits):
    from course_utils.objectives import generator_loss
    return generator_loss(logits)

def helper(*samples):
    return torch.tensor(metrics.modes(*samples))

def indirect(samples, centres, radius):
    return helper(samples, centres, radius)

def scored(digits, others):
    labels = torch.cat((torch.ones(len(digits)), torch.zeros(len(others))))
    return roc_auc_score(labels, torch.cat((digits, others)))

@torch.no_grad()
def decorated(logits):
    return objectives.generator_loss(logits)

def passed_on(function):
    def inner(*arguments):
        return function(*arguments)
    return inner

@passed_on
def wrapped(logits):
    return objectives.generator_loss(logits)

class Loss:
    def __call__(self, logits):
        return objectives.generator_loss(logits)

an_object, a_part = Loss(), partial(objectives.generator_loss)
losses = {"G": objectives.generator_loss}

def by_class(logits):
    return Loss()(logits)

def from_a_dictionary(logits):
    return losses["G"](logits)

def by_default(logits, loss=objectives.generator_loss):
    return loss(logits)

def beside(logits):
    return my_helpers.loss(logits)

class Own(torch.nn.Module):
    def forward(self, logits):
        return torch.nn.functional.softplus(-logits).mean()

own = Own()

@torch.no_grad()
@lru_cache
def decorated_cleanly(logits):
    return own(logits)

def clean(logits):
    objectives = logits.data  # the name alone is not the module
    return torch.nn.functional.softplus(-objectives).mean()
"""


def test_a_variable_without_a_value_hides_nothing_that_is_borrowed():
    def answer(logits):
        from course_utils.objectives import generator_loss

        return generator_loss(logits) + later

    if not callable(answer):
        later = 0  # never runs: the cell of `later` stays empty
    answer.__module__ = "__main__"  # as in a notebook
    assert [thing.root for thing in borrowed_by(answer)] == ["course_utils"]


def test_an_answer_that_borrows_from_the_package_is_told_so(tmp_path, monkeypatch):
    (tmp_path / "my_helpers.py").write_text(
        "import torch\ndef loss(logits): return torch.nn.functional.softplus(-logits).mean()"
    )
    monkeypatch.syspath_prepend(tmp_path)
    notebook = {
        "__name__": "__main__",
        "objectives": objectives,
        "metrics": metrics,
        "torch": torch,
    }
    notebook |= {
        "roc_auc_score": roc_auc_score,
        "partial": functools.partial,
        "lru_cache": functools.lru_cache,
    }
    notebook["my_helpers"] = importlib.import_module("my_helpers")
    exec(BORROWING, notebook)
    for name in (
        "decorated",
        "wrapped",
        "an_object",
        "a_part",
        "by_class",
        "from_a_dictionary",
        "by_default",
        "beside",
    ):
        result = verify("fooling_loss", notebook[name])
        assert result.status == "wrong" and "right, but by " in result.message, (name, result)
    for name, task, borrowed in (
        ("direct", "fooling_loss", "`course_utils.objectives`"),
        ("inside", "fooling_loss", "an import of course_utils"),
        ("indirect", "modes_found", "`course_utils.metrics`"),
        ("scored", "auc", "`roc_auc_score` of sklearn"),
    ):
        result = verify(task, notebook[name])
        assert (
            result.status == "wrong"
            and f"right, but by {borrowed}, which a grader does not have" in result.message
        ), result
    assert verify("modes_found", metrics.modes).status == "wrong"
    for name in ("clean", "own", "decorated_cleanly"):
        assert verify("fooling_loss", notebook[name]).status == "right", name


@pytest.mark.parametrize("task", TASK_LIST, ids=lambda task: task.name)
def test_a_check_takes_less_than_a_second(task):
    start = time.process_time()
    check(task, lambda **inputs: torch.zeros(()))  # no hint fits: all mistakes are computed
    assert time.process_time() - start < 1


@pytest.fixture(scope="module")
def handed_out(tmp_path_factory):
    path = tmp_path_factory.mktemp("handout") / "tasks.npz"
    handout.write(TASK_LIST, path, seed=0)
    return handout.read(path)


def test_a_handout_says_what_the_specs_say(handed_out):
    """The same verdicts and hints, from numbers computed in advance: right, wrong in every listed
    way, not started.
    """
    for task in TASK_LIST:
        given = handed_out[task.name]
        assert (given.lesson, given.points, given.hints, given.parts) == (
            task.lesson,
            task.points,
            task.hints,
            task.parts,
        )
        assert check(given, task.reference).status == "right"
        assert check(given, stub).status == "not started"
        for answer, hint in task.wrong:
            result = check(given, answer)
            assert result.status == "wrong" and result.message.endswith(f"Hint: {hint}"), result


def test_a_handout_holds_no_code(tmp_path):
    handout.write(TASK_LIST[:2], tmp_path / "tasks.npz")
    with np.load(tmp_path / "tasks.npz", allow_pickle=False) as file:
        assert all(file[name].dtype.kind in "fiU" for name in file.files)


def test_the_package_offers_no_task_under_its_name():
    from course_utils import data, figures, latent, metrics, models, objectives, training, weights

    for module in (data, figures, latent, metrics, models, objectives, training, weights):
        assert not set(TASKS) & set(vars(module)), module.__name__
    assert set(exercises.__all__) == {
        "TASKS",
        "Mistake",
        "Part",
        "Result",
        "Task",
        "check",
        "points_of",
        "verify",
    }

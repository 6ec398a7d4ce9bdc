"""`verify` in a notebook that has its own settings, plots, buffers and patience."""

import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from course_utils.exercises import TASKS, check, verify


def of_a_notebook(source: str, name: str = "fooling_loss", **names: object):
    """A function that a cell defines. names: of the cells above."""
    space = {"__name__": "__main__", "torch": torch, "F": F, **names}
    exec(source, space)
    return space[name]


PLAIN = "def fooling_loss(logits):\n    return F.softplus(-logits).mean()"
RIGHT = {
    "fooling_loss": of_a_notebook(PLAIN),
    "auc": TASKS["auc"].reference,
}


@pytest.fixture(params=["no gradients", "inference", "float64", "device", "numpy", "warnings"])
def settings(request):
    """What a notebook may have set before it calls `verify`."""
    dtype, errors = torch.get_default_dtype(), np.geterr()
    inference = torch.inference_mode(request.param == "inference")
    with warnings.catch_warnings(), inference:
        if request.param == "no gradients":
            torch.set_grad_enabled(False)
        elif request.param == "float64":
            torch.set_default_dtype(torch.float64)
        elif request.param == "device":
            torch.set_default_device("meta")
        elif request.param == "numpy":
            np.seterr(all="raise")
        elif request.param == "warnings":
            warnings.simplefilter("error")
        yield request.param
        torch.set_grad_enabled(True)
        torch.set_default_dtype(dtype)
        torch.set_default_device(None)
        np.seterr(**errors)


@pytest.mark.parametrize("name", RIGHT)
def test_no_setting_of_the_notebook_makes_it_raise_or_err(settings, name):
    assert check(TASKS[name], RIGHT[name]).status == "right"
    assert verify("fooling_loss", RIGHT["fooling_loss"]).status == "right"


def test_settings_are_the_students_while_their_function_runs():
    """As in the notebook, and as in a grading."""
    seen = []

    def fooling_loss(logits):
        seen.append(torch.get_default_dtype())
        return F.softplus(-logits).mean()

    torch.set_default_dtype(torch.float64)
    try:
        assert check(TASKS["fooling_loss"], fooling_loss).status == "right"
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)
    assert set(seen) == {torch.float64}


def test_a_plot_in_a_branch_that_never_runs_is_not_borrowed():
    function = of_a_notebook(
        "def fooling_loss(logits):\n    if DEBUG:\n        plt.hist(logits)\n"
        "        import sklearn\n    return F.softplus(-logits).mean()",
        plt=plt,
        DEBUG=False,
    )
    space = function.__globals__
    assert verify("fooling_loss", function).status == "right"
    assert space["plt"] is plt
    space["DEBUG"] = True
    result = verify("fooling_loss", function)
    plt.close("all")
    assert result.status == "wrong" and "right, but by" in result.message


@pytest.mark.parametrize("kind", [torch.zeros, np.zeros])
def test_a_buffer_may_be_used_again(kind):
    buffer = kind(2)

    def loss_and_slopes(logits, x):
        nonlocal buffer
        buffer = kind((3, len(x)), dtype=logits.dtype if kind is torch.zeros else float)
        p = logits.sigmoid()
        buffer[0] = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
        buffer[1], buffer[2] = (p - x).sum(1), (2 * (p - x) * p * (1 - p)).sum(1)
        return buffer

    once = kind(())

    def fooling_loss(logits):
        once[...] = F.softplus(-logits).mean()
        return once

    assert check(TASKS["loss_and_slopes"], loss_and_slopes).status == "right"
    assert check(TASKS["fooling_loss"], fooling_loss).status == "right"


def test_a_wrapper_may_take_what_it_wants():
    def right(x):  # not the name that the task gives
        return F.softplus(-x).mean()

    def positions(*arguments):
        return right(*arguments)

    def anything(*arguments, **named):
        return right(*arguments, **named)

    shown = lambda logits: None  # noqa: E731
    positions.__wrapped__ = shown
    for function in (right, positions, anything):
        assert check(TASKS["fooling_loss"], function).status == "right"


def test_its_own_type_error_is_the_students():
    result = verify("fooling_loss", lambda logits: torch.sum(logits, wrong=1))
    assert result.status == "wrong" and "TypeError" in result.message


def test_a_slow_answer_is_warned(monkeypatch):
    clock = iter(range(0, 1000, 6))
    monkeypatch.setattr(time, "process_time", lambda: next(clock))
    result = verify("fooling_loss", RIGHT["fooling_loss"])
    assert result.status == "right"
    assert "in about 12 s, and stops after 30 s" in result.message

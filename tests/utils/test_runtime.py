import os
import random
import subprocess
import sys

import numpy as np
import pytest
import torch

from course_utils import runtime


def draw():
    return random.random(), np.random.rand(), torch.rand(3)


def test_the_seed_covers_python_numpy_and_torch():
    runtime.seed_everything(3)
    first = draw()
    runtime.seed_everything(3)
    again = draw()
    assert first[:2] == again[:2] and torch.equal(first[2], again[2])
    runtime.seed_everything(4)
    assert not torch.equal(draw()[2], again[2])


def test_an_empty_setting_counts_as_unset(monkeypatch):
    monkeypatch.setenv("COURSE_THING", " ")
    assert runtime.setting("COURSE_THING", "default") == "default"
    monkeypatch.setenv("COURSE_THING", "x")
    assert runtime.setting("COURSE_THING", "default") == "x"


def test_device_by_name(no_settings, capsys):
    no_settings.setenv("COURSE_DEVICE", "cpu")
    assert runtime.pick_device() == torch.device("cpu")
    assert capsys.readouterr().out == ""


def test_the_device_falls_back_with_one_sentence(no_settings, capsys):
    missing = ["mps"] * (not torch.backends.mps.is_available()) + ["cuda"] * (
        not torch.cuda.is_available()
    )
    for nonsense in ("nonsense", "cuda:99", "meta", "hpu", *missing):
        no_settings.setenv("COURSE_DEVICE", nonsense)
        assert runtime.pick_device() == torch.device("cpu"), nonsense
        said = capsys.readouterr().out
        assert nonsense in said and "CPU" in said and said.count("\n") == 1 and len(said) < 400


def test_a_device_that_fails_without_a_word_is_replaced_too(monkeypatch, capsys):
    def fail(*args, **kwargs):
        raise AssertionError

    monkeypatch.setattr(torch, "ones", fail)
    assert runtime.pick_device("cuda") == torch.device("cpu")
    assert "(AssertionError)" in capsys.readouterr().out


@pytest.mark.skipif(
    sys.platform != "linux",
    reason="other systems have other OpenMP libraries, which report otherwise",
)
def test_threads_wait_as_the_course_says():
    """OpenMP's own report, which the variable OMP_DISPLAY_ENV asks for."""
    code = (
        "import course_utils, torch; torch.set_num_threads(2); torch.ones(2000, 2000) @"
        " torch.ones(2000, 2000)"
    )
    for chosen, rounds in ({}, 10_000), ({"GOMP_SPINCOUNT": "7"}, 7):
        here = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
        ran = subprocess.run(
            [sys.executable, "-c", code],
            env={**here, "OMP_DISPLAY_ENV": "verbose", **chosen},
            capture_output=True,
            text=True,
        )
        assert f"GOMP_SPINCOUNT = '{rounds}'" in ran.stderr


def test_numpy_has_its_limits_before_denormals_count_as_0():
    """Where they were looked up later, NumPy 1.26 and 2.1 warned in the first cells of a lesson."""
    asked = "import numpy as np; from course_utils import runtime; np.finfo(float), np.finfo('f4')"
    subprocess.run([sys.executable, "-W", "error::UserWarning", "-c", asked], check=True)

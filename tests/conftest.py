"""Shared by all tests. One thread per process: two workers share two cores, and the bit-equality tests need it."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
if os.environ.get("COURSE_DATA"):  # kernels work in another folder
    os.environ["COURSE_DATA"] = os.path.abspath(os.path.expanduser(os.environ["COURSE_DATA"]))

import matplotlib
import pytest
import torch

matplotlib.use("agg")
torch.set_num_threads(1)


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def no_settings(monkeypatch):
    """None of the course's environment variables is set."""
    for name in ("COURSE_DATA", "COURSE_DATASET", "COURSE_DEVICE", "COURSE_PRETRAINED"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch

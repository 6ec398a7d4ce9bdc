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


LONGEST = ("browser/test_lab", "test_student", "notebooks/0", "test_grading", "browser/test_slides", "test_exercises")


def pytest_collection_modifyitems(items) -> None:
    """What takes longest begins first, so that no worker is left alone with it at the end."""
    items.sort(key=lambda item: next((i for i, part in enumerate(LONGEST) if part in item.nodeid), len(LONGEST)))

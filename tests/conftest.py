"""Shared by all tests.

One thread per process: two workers share two cores, and the bit-equality tests need it.
"""

import atexit
import os
import shutil
import tempfile

os.environ.setdefault("OMP_NUM_THREADS", "1")
if os.environ.get("COURSE_DATA"):  # kernels work in another folder
    os.environ["COURSE_DATA"] = os.path.abspath(os.path.expanduser(os.environ["COURSE_DATA"]))

os.environ.pop("COURSE_PRETRAINED", None)  # the old name of COURSE_CACHE

# A lesson runs alone and, as a student's, in a browser. What the first run trains in this session,
# the other uses.
if "PYTEST_XDIST_WORKER" not in os.environ:
    os.environ["COURSE_CACHE"] = tempfile.mkdtemp(prefix="trained")
    atexit.register(shutil.rmtree, os.environ["COURSE_CACHE"], ignore_errors=True)

import matplotlib
import pytest
import torch

matplotlib.use("agg")
torch.set_num_threads(1)


@pytest.fixture(scope="module", autouse=True)
def trained():
    """Every other test trains for itself. The folder of what the lessons have trained."""
    with pytest.MonkeyPatch.context() as patch:
        folder = os.environ["COURSE_CACHE"]
        patch.delenv("COURSE_CACHE")
        yield folder


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.fixture
def no_settings(monkeypatch):
    """None of the course's environment variables is set."""
    for name in ("COURSE_DATA", "COURSE_DATASET", "COURSE_DEVICE", "COURSE_CACHE"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


LONGEST = (
    "notebooks/0",
    "browser/test_lab",
    "test_grading",
    "browser/test_slides",
    "test_exercises",
)


def pytest_collection_modifyitems(items) -> None:
    """The lessons first, for others use what they train; then what takes longest, so that no worker
    is left alone with it.
    """
    items.sort(
        key=lambda item: next(
            (i for i, part in enumerate(LONGEST) if part in item.nodeid), len(LONGEST)
        )
    )


@pytest.fixture(scope="session")
def site_folder(tmp_path_factory):
    """The site of the committed lessons, built once for all workers; nothing is run."""
    from filelock import FileLock

    from course_tools.publish import site

    base = tmp_path_factory.getbasetemp()
    out = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "site"
    with FileLock(f"{out}.lock"):
        if not out.exists():
            assert site.build(out) == 0
    return out

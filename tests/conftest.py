"""Shared by all tests.

One thread per process: the bit-equality tests need it. Three workers keep two cores busy, for
browsers wait.
"""

import atexit
import functools
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
if os.environ.get("COURSE_DATA"):  # kernels work in another folder
    os.environ["COURSE_DATA"] = os.path.abspath(os.path.expanduser(os.environ["COURSE_DATA"]))

os.environ.pop("COURSE_PRETRAINED", None)  # the old name of COURSE_CACHE

import matplotlib
import pytest
import torch
from filelock import FileLock

ROOT = Path(__file__).resolve().parents[1]
DAY = 86_400  # seconds, for which runs of other code are kept: another session may use them


def kept_runs() -> Path:
    """The folder of what the lessons have trained with this very code, also in earlier sessions.

    The key of a run (`training.cache`) holds its start, PyTorch, its objectives and its first step.
    The folder's name is a digest of what it leaves out: the whole package and all code of lessons.
    """
    about = [sys.version, version("numpy")]
    about += [path.read_text("utf-8") for path in sorted((ROOT / "course_utils").rglob("*.py"))]
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        cells = json.loads(path.read_text("utf-8"))["cells"]
        about += ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    digest = hashlib.sha256("\0".join(about).encode()).hexdigest()
    folder = ROOT / "build" / "trained" / digest[:16]
    folder.mkdir(parents=True, exist_ok=True)
    folder.touch()
    for other in folder.parent.iterdir():  # of another Python, or of older code
        if folder.stat().st_mtime - other.stat().st_mtime > DAY:
            shutil.rmtree(other)
    return folder


# A lesson runs alone and, as a student's, in a browser: what the first run trains, the other uses.
# Where nothing has changed since the last session, that is no new training at all. With
# COURSE_TEST_ALL=1, as in .ci/run, a session trains everything itself.
if "PYTEST_XDIST_WORKER" not in os.environ:
    if os.environ.get("COURSE_TEST_ALL") == "1":
        os.environ["COURSE_CACHE"] = tempfile.mkdtemp(prefix="trained")
        atexit.register(shutil.rmtree, os.environ["COURSE_CACHE"], ignore_errors=True)
    else:
        os.environ["COURSE_CACHE"] = str(kept_runs())

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


# By how long they take. `test_lab` needs what the lessons have trained.
LONGEST = (
    "notebooks/",
    "tests/browser/test_lab.py",
    "tests/tools/test_grading.py",
    "tests/utils/test_exercises.py",
    "tests/browser/test_site.py",
    "tests/tasks/",
    "tests/browser/test_slides.py",
    "tests/browser/test_lab_page.py",
    "tests/tools/test_answer_shapes.py",
    "tests/tools/test_train.py",
    "tests/utils/test_distributed.py",
    "tests/tools/test_nbgrader.py",
    "tests/test_habits.py",
)


def pytest_collection_modifyitems(items) -> None:
    """What takes longest first, so that no worker is left alone with it."""
    items.sort(
        key=lambda item: next(
            (i for i, start in enumerate(LONGEST) if item.nodeid.startswith(start)), len(LONGEST)
        )
    )


SLOW = re.compile(r"^pytestmark = .*pytest\.mark\.slow", re.MULTILINE)


def pytest_ignore_collect(collection_path, config):
    """A module that is slow as a whole is not even imported for `make quick`."""
    if config.option.markexpr == "not slow" and collection_path.suffix == ".py":
        return True if SLOW.search(collection_path.read_text(encoding="utf-8")) else None
    return None


def built_once(factory, name: str, build: Callable[[Path], object]) -> Path:
    """A folder that one worker builds and all of them use."""
    base = factory.getbasetemp()
    out = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    with FileLock(f"{out}.lock"):
        if not out.exists():
            part = out.with_name(f"{name}.part")
            build(part)
            part.rename(out)
    return out


@pytest.fixture(scope="session")
def decks(tmp_path_factory):
    """The decks of all lessons. Needs npm."""
    from course_tools.publish import slides

    def build(out: Path) -> None:
        assert slides.write(out) == 0

    return built_once(tmp_path_factory, "decks", build)


@pytest.fixture(scope="session")
def lab_folder(tmp_path_factory):
    """The lab page. Needs npm and the extra `site`."""
    pytest.importorskip("onnxscript", reason="needs the extra `site`")
    from course_tools.publish import lab_page

    def build(out: Path) -> None:
        assert lab_page.build(out) == out / "index.html"

    return built_once(tmp_path_factory, "lab", build)


@pytest.fixture(scope="session")
def site_folder(request, tmp_path_factory):
    """The site of the committed lessons; nothing is run. Where npm is, with `decks` and
    `lab_folder`, which are not built a second time.
    """
    from course_tools.publish import lab_page, site, slides

    parts = {(slides, "write"): "decks", (lab_page, "build"): "lab_folder"}

    def build(out: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            for (module, function), fixture in parts.items() if shutil.which("npm") else ():
                there = request.getfixturevalue(fixture)
                patch.setattr(module, function, functools.partial(shutil.copytree, there))
            assert site.build(out) == 0

    return built_once(tmp_path_factory, "site", build)

"""Whatever shape an answer has in its notebook: what `verify` says, the grader says, too."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import shapes
from IPython.core.inputtransformer2 import TransformerManager

from course_tools.grading import extract, mark
from course_tools.publish import notebooks
from course_tools.publish.student_version import student_version
from course_utils.exercises import TASKS

pytestmark = [pytest.mark.slow, pytest.mark.exhaustive]


def replayed(*all_of_them: dict, run: bool = False) -> list[dict]:
    """What the grader says of each notebook, and with `run` what `verify` says in IPython."""
    done = subprocess.run(
        [sys.executable, str(Path(shapes.__file__).with_name("replays.py"))],
        input=json.dumps([(each, run) for each in all_of_them]), capture_output=True, text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def points(found: dict) -> dict[str, float | None]:
    return {task: given for task, (given, why) in found["grade"].items() if why != mark.MISSING}


def checked(name: str, sources: list[str]) -> dict:
    """A notebook that checks its answer, where it is still there."""
    if any("verify" in source for source in sources):  # it does so itself
        return shapes.notebook_of("from course_utils.exercises import verify", *sources)
    n = shapes.CHECKED_AFTER.get(name, len(sources))
    above = ["from course_utils.exercises import verify", *sources[:n]]
    return shapes.notebook_of(*above, "verify('fooling_loss', fooling_loss)", *sources[n:])


@pytest.fixture(scope="module")
def honest():
    """Every shape with a call of `verify`, and without."""
    with_call = [checked(*item) for item in shapes.HONEST.items()]
    without = [shapes.notebook_of(*sources) for sources in shapes.HONEST.values()]
    both = zip(replayed(*with_call, run=True), replayed(*without), strict=True)
    return dict(zip(shapes.HONEST, both, strict=True))


@pytest.mark.parametrize("name", shapes.HONEST)
def test_an_honest_shape_gets_full_points(honest, name):
    called, plain = honest[name]
    assert points(called)["fooling_loss"] == points(plain)["fooling_loss"] == 1, (called, plain)
    assert called["verify"] == {"fooling_loss": int(name not in shapes.ONLY_GRADED)}


@pytest.fixture(scope="module")
def called():
    found = replayed(*(checked(*item) for item in shapes.CALLED.items()), run=True)
    return dict(zip(shapes.CALLED, found, strict=True))


@pytest.mark.parametrize("name", shapes.CALLED)
def test_verify_may_be_called_in_any_way(called, name):
    assert called[name]["verify"] == points(called[name]) == {"fooling_loss": 1}, called[name]


@pytest.fixture(scope="module")
def wrong():
    found = replayed(*(checked(*item) for item in shapes.WRONG.items()), run=True)
    return dict(zip(shapes.WRONG, found, strict=True))


@pytest.mark.parametrize("name", shapes.WRONG)
def test_a_wrong_answer_gets_no_points_whatever_its_shape(wrong, name):
    assert not wrong[name]["verify"].get("fooling_loss") or name in shapes.FOOLS_VERIFY
    assert not points(wrong[name])["fooling_loss"], wrong[name]


def test_a_cell_that_never_ends_or_ends_python_spoils_no_answer():
    """Above the answer and below it, in a notebook that no kernel could run."""
    ends = "import os\nos._exit(0)"
    notebook = shapes.notebook_of(
        shapes.SOFTPLUS, "while True:\n    pass", ends, shapes.PLAIN, ends, "import sys\nsys.exit()"
    )
    assert points(replayed(notebook)[0]) == {"fooling_loss": 1}


def test_a_stub_is_not_started():
    """In every lesson; that every solution is right, says `test_grading` in real sandboxes."""
    stubs = [shapes.raw(student_version(lesson.read())) for lesson in notebooks.find()]
    for stub in replayed(*stubs):
        assert {why for _, why in stub["grade"].values()} == {"not started"}


def test_what_people_and_editors_do_to_notebooks_costs_nothing():
    own = {name: task.points for name, task in TASKS.items() if task.lesson == "05"}
    found = replayed(*(change(shapes.solved()) for change in shapes.MANGLED))
    assert [points(each) for each in found] == [own] * len(shapes.MANGLED)


MAGIC = [
    "    def f(x):\n        return x\n",
    "%matplotlib inline\nx = 1\n",
    "!ls \\\n   two lines\nx = 1\n",
    "x = (7\n     % 4)\n%config A.b = {}\n",
    "if True:\n    %load_ext x\n    y = 1\n",
    "In [3]: def f(x):\n   ...:     return x\n",
    ">>> def f(x):\n...     return x\n",
    "files = !ls\n",
    "f?\nx = 1\n",
    "?f\nx = 1\n",
    "x = '''\n%no magic\n'''\n!ls\n",
    "%%bash\nls\n",
]


@pytest.mark.parametrize("source", MAGIC)
def test_a_cell_becomes_what_ipython_makes_of_it(source):
    """Statement by statement: where IPython calls itself, nothing is done."""
    theirs = re.sub(
        r"get_ipython\(\)\.getoutput\(.*\)", "[]", TransformerManager().transform_cell(source)
    )
    theirs = re.sub(r"get_ipython\(\)\.run_cell_magic\(.*\)", "", theirs)
    theirs = re.sub(r"get_ipython\(\)\.\w+\(.*\)", "pass", theirs)
    assert ast.dump(ast.parse(extract.as_python(source))) == ast.dump(ast.parse(theirs))

"""`submit` and `restart`, and how answers are found in notebooks that people and editors have
changed.
"""

import copy
import json

import nbformat
import pytest
import torch

from course_tools.cli import main
from course_tools.grading import extract
from course_tools.publish import notebooks
from course_tools.publish.student_version import student_version
from course_tools.student import lab, restart, submit
from course_utils.exercises import TASKS, check

pytestmark = pytest.mark.slow

LESSONS = notebooks.find()
every_lesson = pytest.mark.parametrize("lesson", LESSONS, ids=lambda lesson: lesson.name)


LESSON_OF = {task.name: task.lesson for task in TASKS.values()}


def tasks_of(number):
    return [task.name for task in TASKS.values() if task.lesson == number]


def raw(notebook) -> dict:
    return json.loads(nbformat.writes(notebook))


def found(notebook: dict, *tasks: str):
    return extract.answers(extract.code_cells(notebook), tasks)


def run(answer: extract.Answer):
    """The function of an answer, run by itself, with nothing of the notebook around it."""
    space: dict = {}
    exec(answer.source, space)
    return space[answer.task]


def notebook_of(*sources: str, tags: dict[int, str] | None = None) -> dict:
    cells = [
        {"cell_type": "code", "metadata": {}, "source": source, "outputs": []} for source in sources
    ]
    for i, tag in (tags or {}).items():
        cells[i]["metadata"] = {"nbgrader": {"grade_id": tag}}
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@every_lesson
def test_every_solution_is_found_and_right_without_its_notebook(lesson):
    cells = extract.code_cells(raw(lesson.read()))
    assert extract.lesson_of(cells, LESSON_OF) == lesson.number
    for name, answer in extract.answers(cells, tasks_of(lesson.number)).items():
        assert answer.status == extract.WRITTEN and not answer.course, answer
        assert check(TASKS[name], run(answer)).status == "right"


@every_lesson
def test_an_untouched_notebook_has_nothing_written(lesson):
    answers = found(raw(student_version(lesson.read())), *tasks_of(lesson.number))
    assert {answer.status for answer in answers.values()} == {extract.NOT_STARTED}


def solved():
    return raw(LESSONS[4].read())


def stripped(notebook):
    for cell in notebook["cells"]:
        cell["metadata"] = {}
        cell.pop("id", None)
    return notebook | {"metadata": {}, "nbformat_minor": 4}


def moved(notebook):
    notebook["cells"].reverse()
    return notebook


def duplicated(notebook):
    """The student copied the stub and wrote in the copy, above or below."""
    stub = raw(student_version(LESSONS[4].read()))
    return notebook | {"cells": stub["cells"] + notebook["cells"] + copy.deepcopy(stub["cells"])}


def only_the_answers(notebook):
    return notebook | {
        "cells": [cell for cell in notebook["cells"] if "nbgrader" in cell["metadata"]]
        + ["no cell", None, 7]
    }


def by_colab(notebook):
    """Sources as one text, its own metadata, its own ids, no nbgrader metadata for moved cells,
    outputs with widgets.
    """
    for n, cell in enumerate(notebook["cells"]):
        cell["source"] = "".join(cell["source"])
        cell["metadata"] = {
            "id": f"x{n}",
            "colab": {"base_uri": "https://localhost:8080/"},
            "outputId": "1",
        }
    return notebook | {
        "metadata": {
            "colab": {"provenance": []},
            "kernelspec": {"name": "python3"},
            "widgets": {"a": {}},
        }
    }


def by_vs_code(notebook):
    """Windows line ends, a language for every cell, another minor version."""
    for cell in notebook["cells"]:
        cell["source"] = [line.replace("\n", "\r\n") for line in cell["source"]]
        cell["metadata"] = {"vscode": {"languageId": "python"}}
    return notebook | {"nbformat_minor": 2}


@pytest.mark.parametrize(
    "change", [stripped, moved, duplicated, only_the_answers, by_colab, by_vs_code]
)
def test_what_people_and_editors_do_to_notebooks(change, tmp_path):
    path = tmp_path / "Untitled (1).ipynb"
    path.write_text(
        json.dumps(change(solved())), encoding="utf-8-sig" if change is by_vs_code else "utf-8"
    )
    cells = extract.code_cells(extract.read(path))
    assert extract.lesson_of(cells, LESSON_OF) == "05"
    for name, answer in extract.answers(cells, tasks_of("05")).items():
        assert check(TASKS[name], run(answer)).status == "right", (name, answer)


STUB = "def auc(digits, others):\n    '''What it says.'''\n    # YOUR CODE HERE\n    raise NotImplementedError()"
RIGHT = "def auc(digits, others):\n    return half(digits, others)"
HELPERS = (
    "HALF = 1 / 2\nimport torch\nfrom torch import where as either\nunused = torch.load('nothing')"
)
HALF = "def half(a, b):\n    d = a[:, None] - b\n    return either(d > 0, 1.0, either(d == 0, HALF, 0.0)).mean()"


def test_helpers_come_along_and_nothing_else():
    answer = found(notebook_of("%matplotlib inline\n!ls\n" + HELPERS, HALF, RIGHT), "auc")["auc"]
    assert "unused" not in answer.source and "HALF = 1 / 2" in answer.source
    assert check(TASKS["auc"], run(answer)).status == "right"


def test_the_last_answer_counts_but_never_a_stub():
    wrong = "def auc(digits, others):\n    return 0.0"
    assert (
        check(
            TASKS["auc"], run(found(notebook_of(HELPERS, HALF, wrong, RIGHT, STUB), "auc")["auc"])
        ).status
        == "right"
    )
    assert (
        check(
            TASKS["auc"], run(found(notebook_of(HELPERS, HALF, RIGHT, wrong), "auc")["auc"])
        ).status
        == "wrong"
    )
    assert found(notebook_of(STUB), "auc")["auc"].status == extract.NOT_STARTED
    assert (
        found(notebook_of("def auc(a, b):\n    pass"), "auc")["auc"].status == extract.NOT_STARTED
    )


def test_a_renamed_function_is_found_by_the_id_of_its_cell():
    notebook = notebook_of(HELPERS, HALF, RIGHT.replace("auc", "my_auc"), tags={2: "auc"})
    assert check(TASKS["auc"], run(found(notebook, "auc")["auc"])).status == "right"


def test_a_function_may_be_defined_by_a_name():
    notebook = notebook_of(HELPERS, HALF, "auc = half")
    assert check(TASKS["auc"], run(found(notebook, "auc")["auc"])).status == "right"


def test_what_is_broken_or_gone_is_said():
    assert found(notebook_of("def auc(a, b)\n    return 1"), "auc")["auc"].status == extract.BROKEN
    assert found(notebook_of("x = 1"), "auc")["auc"].status == extract.MISSING
    deep = "def auc(a, b):\n    return " + "(" * 5000 + "a" + ")" * 5000
    assert found(notebook_of(deep), "auc")["auc"].status == extract.BROKEN
    long = "def auc(a, b):\n    return " + "-" * 20000 + "1"
    assert found(notebook_of(long), "auc")["auc"].status == extract.BROKEN


def test_what_comes_from_the_package_is_named():
    imports = "from course_utils import metrics\nimport course_utils.objectives as o"
    answer = found(
        notebook_of(imports, "def auc(a, b):\n    return o.kl(a, b) + metrics.frechet(a, b)"), "auc"
    )["auc"]
    assert answer.course == ("metrics", "o")
    inside = (
        "def auc(a, b):\n    from course_utils.metrics import frechet\n    return frechet(a, b)"
    )
    assert found(notebook_of(inside), "auc")["auc"].course == ("an import",)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"not a notebook", "is not a notebook"),
        (b"\xff\xfe\x00", "is not a notebook"),
        (b"[" * 100_000, "is not a notebook"),
        (b"[]", "has no list of cells"),
        (b'{"worksheets": []}', "Save it again in JupyterLab"),
        (b"1" * 10_000, "is not a notebook"),
    ],
)
def test_files_that_are_no_notebooks(tmp_path, content, says):
    (tmp_path / "x.ipynb").write_bytes(content)
    with pytest.raises(extract.UnreadableError, match=says):
        extract.read(tmp_path / "x.ipynb")


def test_a_file_too_large_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(extract, "LARGEST", 10)
    (tmp_path / "x.ipynb").write_text(json.dumps(notebook_of(STUB)))
    with pytest.raises(extract.UnreadableError, match="Clear its outputs"):
        extract.read(tmp_path / "x.ipynb")


@pytest.fixture
def work(tmp_path, monkeypatch):
    monkeypatch.setattr(lab, "WORK", tmp_path / "work")
    lab.copy_missing()
    return tmp_path / "work"


def test_submit_says_what_is_unsolved_and_writes_one_small_file(work, capsys):
    path = work / "05_vae.ipynb"
    notebook = extract.read(path)
    solution = next(
        c
        for c in solved()["cells"]
        if c["metadata"].get("nbgrader", {}).get("grade_id") == "active_units"
    )
    place = next(
        i
        for i, c in enumerate(notebook["cells"])
        if c["metadata"].get("nbgrader", {}).get("grade_id") == "active_units"
    )
    notebook["cells"][place] = solution | {
        "outputs": [{"output_type": "stream", "name": "stdout", "text": "x" * 10**6}]
    }
    path.write_text(json.dumps(notebook))
    before = path.read_bytes()
    assert main(["submit", "05", "--name", "Ada Lovelace"]) == 0
    said = capsys.readouterr().out
    assert (
        "1 of 3 tasks are written" in said
        and said.count("○ not started") == 2
        and said.count("✓ written") == 1
    )
    handed_in = work / "handin" / "05_ada_lovelace.ipynb"
    assert str(handed_in) in said and path.read_bytes() == before
    assert handed_in.stat().st_size < 200_000
    nbformat.validate(nbformat.read(handed_in, 4))
    answer = found(extract.read(handed_in), "active_units")["active_units"]
    assert check(TASKS["active_units"], run(answer)).status == "right"


def test_submit_takes_a_path_and_refuses_what_is_no_lesson(work, tmp_path):
    elsewhere = tmp_path / "Copy of 05.ipynb"
    elsewhere.write_text(json.dumps(by_colab(solved())))
    assert submit.submit(str(elsewhere), out=tmp_path / "out") == 0
    assert (tmp_path / "out" / "05.ipynb").exists()
    (tmp_path / "other.ipynb").write_text(json.dumps(notebook_of("x = 1")))
    for lesson, says in (
        ("17", "no lesson 17"),
        ("nothing.ipynb", "no file nothing.ipynb"),
        (str(tmp_path / "other.ipynb"), "none of the course's tasks"),
    ):
        with pytest.raises(SystemExit, match=says):
            submit.submit(lesson)
    own = tmp_path / "mine" / "05.ipynb"
    own.parent.mkdir()
    own.write_text(json.dumps(solved()))
    with pytest.raises(SystemExit, match="is your notebook itself, which would lose its outputs"):
        submit.submit(str(own), out=own.parent)
    half = notebook_of(
        json.dumps("\ud83d"),
        *(cell["source"] for cell in solved()["cells"] if cell["cell_type"] == "code"),
    )
    own.write_text(json.dumps(half))
    assert submit.submit(str(own)) == 0  # half a character, as some editors leave it
    assert (
        extract.read(own.parent / "handin" / "05.ipynb")["cells"][0]["source"]
        == half["cells"][0]["source"]
    )
    (work / "05_vae.ipynb").unlink()
    with pytest.raises(SystemExit, match="Give the path of your notebook"):
        submit.submit("5")


def test_restart_keeps_everything(work, capsys):
    path = work / "05_vae.ipynb"
    fresh = path.read_bytes()
    for n in (1, 2):
        path.write_text(f"work {n}")
        assert main(["restart", "5"]) == 0
        assert path.read_bytes() == fresh
        assert (work / "kept" / f"05_vae-{n}.ipynb").read_text() == f"work {n}"
    assert (work / "kept" / "05_vae-1.ipynb").read_text() == "work 1"
    path.unlink()
    restart.restart("05")
    assert path.read_bytes() == fresh
    with pytest.raises(SystemExit, match="no lesson 17"):
        restart.restart("17")


def test_answers_need_torch_alone():
    """What is found runs where neither the notebook's data nor the package is: `torch` and `math`
    come along.
    """
    for lesson in LESSONS:
        for answer in found(raw(lesson.read()), *tasks_of(lesson.number)).values():
            assert "course_utils" not in answer.source and "train" not in answer.source
    assert torch.is_tensor(run(found(solved(), "free_bits")["free_bits"])(torch.ones(2, 2), 0.5))


SOFTPLUS = "import torch\nfrom torch.nn.functional import softplus\n"
PLAIN = "def fooling_loss(logits):\n    return softplus(-logits).mean()\n"
SCALED = "def fooling_loss(logits):\n    return scale * softplus(-logits).mean()\n"
ODD = {  # honest, if unusual; each is right in a notebook that is run from top to bottom
    "%%time": [SOFTPLUS, "%%time\n" + PLAIN],
    "a line that begins with %": [SOFTPLUS, PLAIN.replace("softplus(-logits).mean()", "(softplus(-logits).mean()\n            % 10**9)")],
    "question marks": [SOFTPLUS, "softplus?\n" + PLAIN],
    "from the shell": [SOFTPLUS, "files = !ls\n" + PLAIN],
    "an indented magic": [SOFTPLUS, "if True:\n    %matplotlib inline\n" + PLAIN],
    "inside if": [SOFTPLUS, "if True:\n    " + PLAIN.replace("\n", "\n    ")],
    "star import": ["import torch\nfrom torch.nn.functional import *\n", PLAIN],
    "names of builtins": ["from torch import sum, exp\n" + SOFTPLUS, PLAIN.replace("softplus(-logits).mean()", "sum(softplus(-logits)) / len(logits)")],
    "a helper named like a builtin": [SOFTPLUS + "def round(x):\n    return x.mean()\n", PLAIN.replace("softplus(-logits).mean()", "round(softplus(-logits))")],
    "a leftover pass": [SOFTPLUS, PLAIN.replace("    return", "    pass\n    return")],
    "its result has its name": [SOFTPLUS, PLAIN, "fooling_loss = fooling_loss(torch.zeros(3))"],
    "wrapped": [SOFTPLUS, PLAIN + "fooling_loss = torch.no_grad()(fooling_loss)\n"],
    "a key": [SOFTPLUS, PLAIN, "seen = {}\nseen[fooling_loss] = 1\nseen[float(fooling_loss(torch.zeros(2)))] = 2"],
    "a constant in two steps": [SOFTPLUS, "scale = 2.0\nscale = scale / 4\nscale *= 2\n" + SCALED],
    "an item": [SOFTPLUS, "scales = [3.0, 2.0]\nscales[0] = 1.0\nscales.append(0.0)\nscale = scales[0]\n" + SCALED],
    "a constant in with": [SOFTPLUS, "with torch.no_grad():\n    scale = torch.ones(())\n" + SCALED],
    "a constant in for": [SOFTPLUS, "for scale in (3.0, 1.0):\n    pass\n" + SCALED],
    "walrus": [SOFTPLUS, "print(scale := 1.0)\n" + SCALED],
    "used again further down": [SOFTPLUS, "scale = 1.0\ndef part(x):\n    return x.mean()\n" + SCALED.replace("softplus(-logits).mean()", "part(softplus(-logits))"), "scale = 16\ndef part(x):\n    return train"],
    "before it was changed": [SOFTPLUS, "first = 1.0\nscale = first * 1\nfirst = 5\n" + SCALED],
    "a counter": [SOFTPLUS, "calls = 0\n" + PLAIN.replace("    return", "    global calls\n    calls += 1\n    return")],
    "an import in try": ["try:\n    import torch\n    from torch.nn.functional import softplus\nexcept ImportError:\n    pass", PLAIN],
    "lambda": [SOFTPLUS, "fooling_loss = lambda logits: softplus(-logits).mean()"],
    "an object": [SOFTPLUS, "class Loss:\n    def __call__(self, logits):\n        return softplus(-logits).mean()\nfooling_loss = Loss()"],
    "a number has its name": [SOFTPLUS, PLAIN, "fooling_loss = 0.5\nfor fooling_loss in (1, 2):\n    pass\nfooling_loss, x = 1, 2"],
    "a list is filled in a loop": [SOFTPLUS, "scales = []\nfor i in range(4):\n    scales.append(0.25)\nscale = sum(scales)\n" + SCALED],
    "a list is filled after it was named": [SOFTPLUS, "scales = []\nfor i in range(4):\n    scales.append(0.25)\n" + SCALED.replace("scale *", "sum(scales) *")],
    "filled in place": [SOFTPLUS, "scale = torch.zeros(())\nwith torch.no_grad():\n    scale.fill_(1.0)\n" + SCALED],
    "filled by a function": [SOFTPLUS, "scale = torch.zeros(())\ntorch.nn.init.ones_(scale)\n" + SCALED],
    "the set-up cell is gone": [PLAIN.replace("softplus", "F.softplus")],
}  # fmt: skip


@pytest.mark.parametrize("sources", ODD.values(), ids=ODD)
def test_odd_but_honest_answers_are_found_whole(sources):
    answer = found(notebook_of(*sources), "fooling_loss")["fooling_loss"]
    assert answer.status == extract.WRITTEN, answer
    assert check(TASKS["fooling_loss"], run(answer)).status == "right", answer.source


def test_an_object_of_a_class_or_a_wrapped_function_replaces_a_draft():
    draft = "def fooling_loss(logits):\n    return logits.sum()\n"
    for last in (
        ODD["an object"][1],
        PLAIN.replace("fooling_loss", "mine")
        + "\nimport functools\nfooling_loss = functools.partial(mine)",
    ):
        answer = found(notebook_of(SOFTPLUS, draft, last), "fooling_loss")["fooling_loss"]
        assert check(TASKS["fooling_loss"], run(answer)).status == "right", answer.source


def test_a_renamed_answer_is_the_function_of_its_cell():
    answer = found(
        notebook_of(
            SOFTPLUS,
            PLAIN.replace("fooling_loss", "mine") + "tried = mine(torch.zeros(2))",
            tags={1: "fooling_loss"},
        ),
        "fooling_loss",
    )["fooling_loss"]
    assert check(TASKS["fooling_loss"], run(answer)).status == "right", answer.source

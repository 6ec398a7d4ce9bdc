"""Notebooks as students, people and editors leave them."""

import copy
import json

import nbformat

from course_tools.publish import notebooks
from course_tools.publish.student_version import student_version


def raw(notebook) -> dict:
    return json.loads(nbformat.writes(notebook))


def notebook_of(*sources: str, tags: dict[int, str] | None = None) -> dict:
    cells = [
        {"cell_type": "code", "metadata": {}, "source": source, "outputs": []} for source in sources
    ]
    for i, tag in (tags or {}).items():
        cells[i]["metadata"] = {"nbgrader": {"grade_id": tag}}
    return {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def solved(number: str = "05") -> dict:
    (lesson,) = notebooks.find(number)
    return raw(lesson.read())


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
    stub = raw(student_version(notebooks.find("05")[0].read()))
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


MANGLED = (stripped, moved, duplicated, only_the_answers, by_colab, by_vs_code)

# Honest ways to write an answer: each is right when its cells are run from top to bottom.
SOFTPLUS = "import torch\nfrom torch.nn.functional import softplus\n"
PLAIN = "def fooling_loss(logits):\n    return softplus(-logits).mean()\n"
SCALED = "def fooling_loss(logits):\n    return scale * softplus(-logits).mean()\n"
HONEST = {
    "%%time": [SOFTPLUS, "%%time\n" + PLAIN],
    "a line that begins with %": [SOFTPLUS, PLAIN.replace("softplus(-logits).mean()", "(softplus(-logits).mean()\n            % 10**9)")],
    "question marks": [SOFTPLUS, "softplus?\n" + PLAIN],
    "from the shell": [SOFTPLUS, "files = !ls\n" + PLAIN],
    "an indented magic": [SOFTPLUS, "if True:\n    %precision 3\n" + PLAIN],
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

# Cells above the call of `verify`, where what stands below would spoil the name.
CHECKED_AFTER = {
    "its result has its name": 2,
    "a key": 2,
    "used again further down": 2,
    "a number has its name": 2,
}

# Right for a grader, who has what a lost set-up cell imported; not in a kernel.
ONLY_GRADED = {"the set-up cell is gone"}

HALF = "def fooling_loss(logits):\n    return half(-logits)\n"
# Wrong, or not the student's own work; none may get points, some are left to a person.
WRONG = {
    "a stub": ["def fooling_loss(logits):\n    raise NotImplementedError()"],
    "empty": ["def fooling_loss(logits):\n    pass"],
    "a later, wrong definition": [SOFTPLUS, PLAIN, PLAIN.replace("-logits", "logits")],
    "of the course": ["from course_utils.objectives import generator_loss as fooling_loss"],
    "by the course": ["from course_utils import objectives\n", PLAIN.replace("softplus(-logits).mean()", "objectives.generator_loss(logits)")],
    "by the course, inside": [PLAIN.replace("return softplus(-logits).mean()", "from course_utils.objectives import generator_loss\n    return generator_loss(logits)")],
    "a helper that is nowhere": [HALF],
    "an exit": [PLAIN.replace("return softplus(-logits).mean()", "import os\n    os._exit(0)")],
    "a number": ["fooling_loss = 0.5"],
}  # fmt: skip

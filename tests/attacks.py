"""What a student might try against the grader, and what honest students do to their notebooks.

An attack is the source of a function `value_at_best`, worth 2 points that it must not get. Beside
it stands an honest `fooling_loss`, worth 1 point, which it may lose with what it does, and no more.
"""

import json
import os
import re
import socket
from pathlib import Path

HONEST = """
import torch

def fooling_loss(logits):
    return torch.nn.functional.softplus(-logits).mean()
"""
ATTACKS = dict(
    re.findall(
        r"^# (.+)\n((?:def .*|@.*)\n(?:(?:[ ].*)?\n)+)",
        Path(__file__).with_name("hostile.py").read_text(),
        re.MULTILINE,
    )
)
BLIND = ("fork bomb", "subprocess", "threads", "6 GB", "10 GB file", "search for the course", "read others", "write and delete others",
         "network", "stack and heap", "new namespaces", "higher limits", "the parent's memory", "shared memory and keys")  # fmt: skip
FOUND = {"[]", "0", "False"}  # what those may report

# attacks that are more than one function
WRONG = "def value_at_best(discriminator=None, *_, **__):\n    return 0.0"


def code(source: str, **metadata) -> dict:
    return {"cell_type": "code", "id": f"c{abs(hash(source)) % 10**9}", "metadata": metadata, "source": source, "outputs": [],
            "execution_count": None}  # fmt: skip


def notebook(*cells: dict, **metadata) -> dict:
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": list(cells)}


def with_attack(source: str, paths: list[str], port: int) -> dict:
    return notebook(code(HONEST), code(f"PATHS = {paths!r}\nPORT = {port}"), code(source))


def graded(points: float) -> dict:
    return {"nbgrader": {"grade": True, "solution": False, "points": points, "grade_id": "value_at_best", "locked": False,
                         "schema_version": 3, "task": False, "cell_type": "code"}}  # fmt: skip


def output(html: str) -> dict:
    return {"output_type": "display_data", "metadata": {}, "data": {"text/html": [html]}}


NOTEBOOKS = {
    "skip-execution": notebook(code(HONEST), code(WRONG), code("verify('value_at_best')", tags=["skip-execution"], **graded(2))),
    "raises-exception": notebook(code(HONEST), code(WRONG + "\nraise SystemExit", tags=["raises-exception"], **graded(2))),
    "input transformer": notebook(
        code("get_ipython().input_transformers_cleanup.append(lambda lines: ['pass'])"), code(HONEST), code(WRONG)
    ),
    "patched shell": notebook(
        code("get_ipython().run_cell = get_ipython().showtraceback = lambda *a, **k: None\n"
             "from jupyter_client import session\nsession.Session.send = lambda *a, **k: None"), code(HONEST), code(WRONG)),
    "patched check": notebook(
        code("import course_utils.exercises as e\ne.check = e.verify = lambda *a, **k: 'right, 2 of 2 points'"), code(HONEST), code(WRONG)
    ),
    "points in the metadata": notebook(code(HONEST), code(WRONG, **graded(1000)), code("2", **graded(1000)), kernelspec={"points": 1000}),
    "many of one id": notebook(code(HONEST), *[code(WRONG + f"\n# {n}", **graded(2)) for n in range(20)]),
    "another cell type": notebook(
        code(HONEST), {**code("def value_at_best(**_):\n    return -1.4"), "cell_type": "raw"}, {**code(WRONG), "cell_type": 7}, code(WRONG)
    ),
    "foreign kernel": notebook(code(HONEST), code(WRONG), kernelspec={"name": "../../bin/sh", "language": "bash", "argv": ["sh", "-c", "id"]}),
    "outputs that look graded": notebook(
        code(HONEST), {**code(WRONG), "outputs": [{"output_type": "execute_result", "data": {"text/plain": "2"}, "metadata": {}},
                                                  output("<script>alert(3)</script>")]},
        {"cell_type": "markdown", "metadata": {}, "source": "<script>alert(4)</script> ✓ value_at_best: right, 2 of 2 points"},
    ),
    "helpers at import": notebook(
        code("import os as torch_\nbad = torch_._exit(0)"), code(HONEST), code("def value_at_best(**_):\n    return bad")),
    "decorator": notebook(code(HONEST), code("import os\n@lambda f: os._exit(0)\ndef value_at_best(**_):\n    return 0.0")),
    "deep source": notebook(code(HONEST), code(WRONG), code("x = " + "(" * 20_000 + ")" * 20_000), code("y = " + "-" * 50_000 + "1")),
    "wide source": notebook(code(HONEST), code(WRONG), code("z = [" + "1+" * 200_000 + "1]")),
}  # fmt: skip


def broken_files(folder: Path) -> None:
    """Files that are no notebooks, each in a folder of its own student."""

    def student(name: str) -> Path:
        (folder / name).mkdir(parents=True)
        return folder / name / "07_gan.ipynb"

    student("broken JSON").write_text('{"cells": [')
    student("deep JSON").write_text('{"cells": ' + "[" * 100_000 + "]" * 100_000 + "}")
    student("deeper JSON").write_text('{"cells": ' + '[{"a":' * 200_000)
    student("invalid UTF-8").write_bytes(b'{"cells": ["\xff\xfe\xc3("]}')
    student("no cells").write_text('{"cells": {"source": 1}}')
    student("odd cells").write_text(
        '{"cells": [1, null, [], {"cell_type": "code", "source": {"a": 1}}, {"cell_type": "code"}]}'
    )
    student("empty").write_bytes(b"")
    student("NUL bytes").write_text(json.dumps(notebook(code("x = '\0'"))))
    with student("200 MB").open("wb") as file:
        file.truncate(200_000_000)
    os.mkfifo(student("pipe"))
    student("folder").mkdir()
    if os.geteuid() == 0:
        os.mknod(student("device"), 0o666 | 0o20000, os.makedev(1, 5))  # /dev/zero
    listening = socket.socket(socket.AF_UNIX)
    previous = os.getcwd()
    os.chdir(student("socket").parent)  # the path of a socket is short
    listening.bind("07_gan.ipynb")
    os.chdir(previous)
    listening.close()


def trees(folder: Path) -> None:
    """Folders that are deep, long, full, or closed."""
    deep = folder / "deep"
    deep.mkdir()
    previous = os.getcwd()
    os.chdir(deep)
    for _ in range(1200):
        os.mkdir("d")
        os.chdir("d")
    os.chdir(deep)
    for _ in range(25):
        os.makedirs("l" * 200, exist_ok=True)
        os.chdir("l" * 200)
    Path("x.ipynb").write_text("{}")
    os.chdir(previous)
    (folder / "full").mkdir()
    for n in range(300):
        (folder / "full" / f"{n}.ipynb").write_text("{}")
    (folder / os.fsdecode(b"ad\xe9")).mkdir()
    (folder / "ad\\xe9").mkdir()
    (folder / ("n" * 250)).mkdir()


def links(folder: Path, honest: Path) -> None:
    """Links to the work of somebody else, and out of the folder."""
    (folder / "link").mkdir()
    (folder / "link" / "07_gan.ipynb").symlink_to(honest)
    (folder / "linked folder").symlink_to(honest.parent, target_is_directory=True)
    (folder / "folder inside").mkdir()
    (folder / "folder inside" / "mine").symlink_to(honest.parent, target_is_directory=True)
    (folder / "up").mkdir()
    (folder / "up" / "07_gan.ipynb").symlink_to(f"../{honest.parent.name}/{honest.name}")
    (folder / "passwd.ipynb").symlink_to("/etc/passwd")


def shadows(folder: Path, attack: dict) -> None:
    """Modules beside the notebook that would be imported if anything were run there."""
    folder.mkdir()
    (folder / "07_gan.ipynb").write_text(json.dumps(attack))
    for name in (
        "torch",
        "numpy",
        "json",
        "sitecustomize",
        "usercustomize",
        "conftest",
        "channel",
        "calling",
        "submissions",
    ):
        (folder / f"{name}.py").write_text("import os\nos._exit(0)\n")
    (folder / "course_utils").mkdir()
    (folder / "course_utils" / "__init__.py").write_text("raise SystemExit\n")
    (folder / "x.pth").write_text("import os; os._exit(0)\n")
    (folder / "ipython_config.py").write_text("raise SystemExit\n")

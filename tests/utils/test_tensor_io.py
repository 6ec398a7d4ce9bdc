"""Weights and checkpoints: what was written comes back bit for bit, and whatever else lies there is
refused with a sentence.
"""

import ast
import errno
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

import course_utils
from course_tools.models import train
from course_tools.models.checkpoint import RequestError
from course_utils import atomic, models, tensor_io, weights

pytestmark = pytest.mark.slow

PACKAGE = Path(course_utils.__file__).parent
VALUE = {
    "a": torch.arange(6.0).view(2, 3).T,  # not contiguous
    7: [torch.tensor(1.5), (None, True, -3, 1e-45, float("inf"), "é"), {}],
    "empty": torch.zeros(0, 3),
    "kinds": [
        torch.ones(2, dtype=kind)
        for kind in (torch.bool, torch.uint8, torch.int64, torch.float16, torch.bfloat16)
    ],
}


def same(a: object, b: object) -> bool:
    if isinstance(a, torch.Tensor):
        return isinstance(b, torch.Tensor) and a.dtype == b.dtype and torch.equal(a, b)
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    return type(a) is type(b) and a == b


def test_what_was_written_comes_back(tmp_path):
    tensor_io.write(tmp_path / "x", VALUE)
    assert same(tensor_io.read(tmp_path / "x"), VALUE)


def test_what_cannot_be_written_is_said(tmp_path):
    with pytest.raises(
        TypeError,
        match="expected tensors, numbers, strings, and lists and dictionaries of them, got set",
    ):
        tensor_io.write(tmp_path / "x", {"a": {1}})
    assert not list(tmp_path.iterdir())


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "vae.safetensors"
    weights.save(models.SHIPPED["vae"](), path, {"model": "vae", "data": "mnist"})
    return path


def test_a_flipped_bit_anywhere_is_refused(saved):
    whole = saved.read_bytes()
    header = 8 + int.from_bytes(whole[:8], "little")
    draw = random.Random(0)
    for place in [
        *range(0, 60),
        *(draw.randrange(header) for _ in range(100)),
        *(draw.randrange(len(whole)) for _ in range(100)),
    ]:
        changed = bytearray(whole)
        changed[place] ^= 1 << draw.randrange(8)
        saved.write_bytes(changed)
        try:
            weights.load(models.SHIPPED["vae"](), saved)
        except tensor_io.DamagedFileError as error:
            assert str(saved) in str(error) and "expected" in str(error) and "got" in str(error)
        else:  # a space in the padding of the header says nothing
            assert whole[place : place + 1].isspace(), place


def test_a_file_that_may_not_be_read_is_not_to_be_deleted(saved, monkeypatch):
    def refuse(*_, **__):  # root may read everything
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(tensor_io.DamagedFileError, match="may not be read") as error:
        tensor_io.read_tensors(saved)
    assert "Delete" not in str(error.value)


@pytest.mark.parametrize("cut", (0, 1, 7, 8, 100, -1))
def test_a_cut_file_is_refused(saved, cut):
    saved.write_bytes(saved.read_bytes()[:cut])
    with pytest.raises(
        tensor_io.DamagedFileError, match="expected a whole safetensors file, got .* bytes"
    ):
        weights.load(models.SHIPPED["vae"](), saved)


def test_a_file_of_another_program_is_refused_but_not_to_be_deleted(tmp_path):
    path = tmp_path / "w.safetensors"
    save_file({"w": torch.ones(2)}, path)
    with pytest.raises(tensor_io.DamagedFileError, match="without its checksum") as error:
        tensor_io.read(path)
    assert "Delete" not in str(error.value)


def test_an_old_file_that_cannot_be_replaced_comes_back(tmp_path, monkeypatch):
    path, aside = tmp_path / "file", tmp_path / "aside"
    path.write_bytes(b"old")

    def fail(*places):
        raise PermissionError("in use")

    monkeypatch.setattr(atomic.os, "replace", fail)
    with pytest.raises(PermissionError):
        atomic.write(path, b"new", aside=aside)
    assert path.read_bytes() == b"old" and [p.name for p in tmp_path.iterdir()] == ["file"]


def test_an_error_names_the_file_that_was_meant(tmp_path, monkeypatch):
    def fail(**about):
        raise PermissionError(errno.EACCES, "denied", str(tmp_path / ".x1y2.part"))

    monkeypatch.setattr(atomic.tempfile, "mkstemp", fail)
    with pytest.raises(PermissionError) as error:
        atomic.write(tmp_path / "grades.csv", b"new")
    assert error.value.filename == str(tmp_path / "grades.csv")


def test_a_web_page_is_refused(saved):
    saved.write_text("<!DOCTYPE html><html><body>404</body></html>" + " " * 200)
    with pytest.raises(
        tensor_io.DamagedFileError, match="got a web page. Delete it, then create or download"
    ):
        weights.load(models.SHIPPED["vae"](), saved)
    with pytest.raises(RequestError, match="got a web page"):
        train.load("vae", saved)


def test_another_architecture_or_data_set_is_refused(saved):
    with pytest.raises(
        tensor_io.DamagedFileError,
        match="holds the weights of another network: .* expected .* got ",
    ):
        weights.load(models.SHIPPED["cgan"](), saved)
    with pytest.raises(
        tensor_io.DamagedFileError, match="expected weights of digits, got those of mnist"
    ):
        weights.load(models.SHIPPED["vae"](), saved, dataset="digits")
    with pytest.raises(
        tensor_io.DamagedFileError, match="expected weights of gan, got those of vae"
    ):
        weights.load(models.SHIPPED["gan"](), saved, name="gan")


KILLS = 50
FORKING = """
import os, signal, sys
import torch
from pathlib import Path
from course_utils import tensor_io
torch.set_num_threads(1)
for _ in range(int(sys.argv[2])):
    child = os.fork()
    if child == 0:
        n = 0
        while True:
            n += 1
            tensor_io.write(Path(sys.argv[1]), {"n": n, "x": torch.full((200_000,), float(n))})
    print("ready", flush=True)
    sys.stdin.readline()
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    print("killed", flush=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="needs fork")
def test_fifty_kills_while_saving_leave_fifty_files_that_load(tmp_path):
    path = tmp_path / "w.safetensors"
    draw = random.Random(1)
    with subprocess.Popen(
        [sys.executable, "-c", FORKING, str(path), str(KILLS)],
        stdout=subprocess.PIPE,
        stdin=subprocess.PIPE,
    ) as parent:
        for _ in range(KILLS):
            assert parent.stdout.readline() == b"ready\n"
            while not path.exists():
                time.sleep(0.001)
            time.sleep(draw.uniform(0, 0.05))
            parent.stdin.write(b"kill\n")
            parent.stdin.flush()
            assert parent.stdout.readline() == b"killed\n"
            saved = tensor_io.read(path)
            assert (saved["x"] == saved["n"]).all()
        parent.stdin.close()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_full_disk_leaves_the_old_file(tmp_path):
    path = tmp_path / "w.safetensors"
    tensor_io.write(path, {"x": torch.ones(10)})
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            tensor_io.write(path, {"x": torch.zeros(100_000)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert tensor_io.read(path)["x"].tolist() == [1.0] * 10
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


def test_the_package_never_unpickles():
    """No pickle and no `torch.load` in any form, nowhere."""
    for source in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            names = (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import | ast.ImportFrom)
                else []
            )
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            forbidden = {"pickle", "dill", "cloudpickle", "shelve", "marshal"} & {
                name.split(".")[0] for name in names
            }
            assert not forbidden, f"{source.name} imports {forbidden}"
            if (
                isinstance(node, ast.Attribute)
                and isinstance(node.value, ast.Name)
                and node.value.id == "torch"
            ):
                assert node.attr not in ("load", "save"), f"{source.name}: torch.{node.attr}"
            if isinstance(node, ast.keyword) and node.arg == "allow_pickle":
                assert isinstance(node.value, ast.Constant) and node.value.value is False, (
                    source.name
                )

"""Weights and whole runs on disk, as safetensors with a checksum of the content; never as pickle.

A file is written in full or not at all. One that was changed, cut off, or is something else
raises an error that says what to do.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from course_utils import atomic
from course_utils.errors import CourseError

CHECKSUM, TREE = "sha256 of all else", "tree"


class DamagedFileError(CourseError):
    """A file that cannot be used.

    The message says which file, what was expected, what was found, and what to do.
    """


def write_tensors(path: Path, tensors: Mapping[str, Tensor], about: Mapping[str, str]) -> None:
    """Write named tensors as safetensors, with a checksum.

    Args:
        path: the file.
        tensors: the tensors by name.
        about: short strings kept in the file.
    """
    from safetensors.torch import save

    tensors = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    atomic.write(path, save(tensors, metadata={**about, CHECKSUM: _digest(tensors, about)}))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Return the tensors and strings that `write_tensors` wrote.

    Args:
        path: the file.

    Raises:
        DamagedFileError: where the file is not as it was written.
        FileNotFoundError: where there is no file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        path.open("rb").close()  # safetensors calls a file that may not be read "not found"
    except PermissionError as error:
        raise DamagedFileError(f"{path} may not be read here: {error.strerror}.") from error
    try:
        with safe_open(path, framework="pt") as file:
            about = dict(file.metadata() or {})
            # Clones: else the file stays mapped, and Windows lets nobody replace or delete it.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, ValueError, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        start = path.read_bytes()[:200] if path.is_file() else b""
        got = (
            "a web page"
            if b"<html" in start.lower() or b"<!doctype" in start.lower()
            else f"{_size(path)}: {error}"
        )
        raise DamagedFileError(
            f"{path}: expected a whole safetensors file, got {got}. Delete it, then create or"
            " download it again."
        ) from error
    expected = about.pop(CHECKSUM, None)
    got = _digest(tensors, about)
    if expected is None:
        raise DamagedFileError(
            f"{path}: expected a file that `course train` wrote, got one without its checksum: it"
            " is another program's, or damaged."
        )
    if expected != got:
        raise DamagedFileError(
            f"{path} was changed after it was written: expected SHA-256 {expected[:12]}… of"
            f" its content, got {got[:12]}…. Delete it, then create or download it again."
        )
    return tensors, about


def write(path: Path, value: object) -> None:
    """Write nested dictionaries, lists and tuples of tensors, numbers, strings, booleans and None.

    Args:
        path: the file.
        value: what to write.

    Raises:
        TypeError: for any other content.
    """
    tensors: dict[str, Tensor] = {}
    tree = _pack(value, tensors)
    write_tensors(path, tensors, {TREE: json.dumps(tree)})


def read(path: Path) -> Any:
    """Return what `write` wrote, bit for bit.

    Args:
        path: the file.

    Raises:
        DamagedFileError: where the file is not as it was written.
        FileNotFoundError: where there is no file.
    """
    tensors, about = read_tensors(path)
    try:
        return _unpack(json.loads(about[TREE]), tensors)
    except (KeyError, ValueError, TypeError, IndexError) as error:
        raise DamagedFileError(
            f"{path}: expected the state of a run, got other tensors. Delete it to start from the"
            " beginning."
        ) from error


def _pack(value: object, tensors: dict[str, Tensor]) -> list:
    if isinstance(value, Tensor):
        tensors[name := str(len(tensors))] = value
        return ["tensor", name]
    if isinstance(value, Mapping):
        return [
            "dict",
            [[_pack(key, tensors), _pack(part, tensors)] for key, part in value.items()],
        ]
    if isinstance(value, list | tuple):
        return [type(value).__name__, [_pack(part, tensors) for part in value]]
    if value is None or isinstance(value, bool | int | float | str):
        return ["value", value]
    raise TypeError(
        "expected tensors, numbers, strings, and lists and dictionaries of them, got"
        f" {type(value).__name__}"
    )


def _unpack(tree: list, tensors: dict[str, Tensor]) -> object:
    kind, content = tree
    if kind == "tensor":
        return tensors[content]
    if kind == "dict":
        return {_unpack(key, tensors): _unpack(part, tensors) for key, part in content}
    if kind in ("list", "tuple"):
        parts = [_unpack(part, tensors) for part in content]
        return parts if kind == "list" else tuple(parts)
    return content


def _digest(tensors: Mapping[str, Tensor], about: Mapping[str, str]) -> str:
    sha = hashlib.sha256(json.dumps(about, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        sha.update(f"{name} {tensor.dtype} {tuple(tensor.shape)};".encode())
        sha.update(
            tensor.reshape(-1).view(torch.uint8).numpy().tobytes() if tensor.numel() else b""
        )
    return sha.hexdigest()


def _size(path: Path) -> str:
    return f"{path.stat().st_size} bytes" if path.is_file() else "no plain file"

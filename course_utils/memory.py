"""Trainings that are not done twice: with `COURSE_PRETRAINED=1` a finished one is kept on disk, and its result used again.

A folder instead of 1 says where they are kept.

A training is known by where it starts, how it steps, the code of its objectives, and what its first step gives, to the bit. So
a change of the lesson, of the data or of the machine is another training. What a remembered one leaves behind (weights,
history, film, random state) is what it left the first time, bit for bit.
"""

import copy
import hashlib
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice
from pathlib import Path
from types import CodeType
from typing import Any

import torch
from torch import Tensor

from course_utils import files, states
from course_utils.runtime import setting

ROOM = 1_000_000_000  # bytes on disk; the trainings not used for longest make room


def wanted() -> bool:
    return setting("COURSE_PRETRAINED", "0") != "0"


def folder() -> Path:
    chosen = setting("COURSE_PRETRAINED", "1")
    if chosen == "1":
        return files.own_folder() / ".cache" / "trained"
    if not Path(chosen).is_dir():
        raise ValueError(f"COURSE_PRETRAINED: expected 0, 1 or a folder that exists, got {chosen!r}")
    return Path(chosen).resolve()


def once(
    train: Callable[[Iterator, int, Sequence], list[dict[str, float]]],
    players: Mapping[str, Any],
    batches: Iterator,
    steps: int,
    watch: Sequence,
    label: str,
) -> list[dict[str, float]]:
    """The rows of a training's history. Either it is remembered, or it is done now and kept.

    train: (batches, steps, watch) → rows; trains the `players` of `training.play`.
    watch: what looks at the training; films get back their frames.
    """
    first = next(batches)  # before the start is kept: batches may draw from PyTorch's random state, too
    start = copy.deepcopy(state_of(players))
    looks = [sorted(film.wanted) for film in watch]
    how = [[_rates(player, steps), _code(player.objective)] for player in players.values()]
    one_step = train(iter([first]), 1, ())
    if not one_step:  # interrupted, or not finite
        return one_step
    path = folder() / f"{_digest([torch.__version__, start, steps, looks, how, one_step])}.safetensors"
    saved = _read(path)
    if saved is None:
        put_back(players, start)
        rows = train(chain([first], batches), steps, watch)
        if len(rows) == steps:
            films = [film.kept for film in watch]
            _write(path, {**state_of(players), "films": films, "rows": [dict(row) for row in rows]}, label)
        return rows
    next(islice(batches, steps - 1, steps - 1), None)  # as many are used up
    put_back(players, saved)
    for film, kept in zip(watch, saved["films"], strict=True):
        film.put_back(kept)
    print(f"{label}: {steps} steps, remembered from an earlier run (COURSE_PRETRAINED)")
    return saved["rows"]


def state_of(players: Mapping[str, Any]) -> dict[str, object]:
    """The state of every network, optimizer, schedule and average, by player, and PyTorch's random state."""
    parts = {
        name: {part: value.state_dict() for part, value in vars(player).items() if hasattr(value, "state_dict")}
        for name, player in players.items()
    }
    cuda = {"cuda": torch.cuda.get_rng_state_all()} if torch.cuda.is_available() else {}
    return {"players": parts, "rng": torch.get_rng_state(), **cuda}


def put_back(players: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Undo of `state_of`."""
    for name, parts in state["players"].items():
        for part, value in parts.items():
            getattr(players[name], part).load_state_dict(value)
    torch.set_rng_state(state["rng"])
    if torch.cuda.is_available() and "cuda" in state:
        torch.cuda.set_rng_state_all(state["cuda"])


def _rates(player: Any, steps: int) -> list[object]:
    """What is not in the state of a schedule: its rules, for every step."""
    rules = getattr(player.schedule, "lr_lambdas", ())
    return [[rule(step) for step in range(steps)] for rule in rules]


def _code(function: object, depth: int = 3) -> list[object]:
    """What a function does: its code, and the numbers and functions it was given, these again to some depth."""
    code = getattr(function, "__code__", None)
    if code is None or depth == 0:
        return [type(function).__name__]
    given = [value for value in inspect.getclosurevars(function).nonlocals.values() if value is not function]
    simple = [value for value in given if isinstance(value, int | float | str | bool)]
    return [_parts(code), simple, *(_code(value, depth - 1) for value in given if hasattr(value, "__code__"))]


def _parts(code: CodeType) -> list[object]:
    constants = [_parts(value) if isinstance(value, CodeType) else repr(value) for value in code.co_consts]
    return [code.co_code.hex(), list(code.co_names), constants]


def _digest(value: object) -> str:
    sha = hashlib.sha256()

    def add(value: object) -> None:
        if isinstance(value, Tensor):
            sha.update(f"{value.dtype} {tuple(value.shape)}".encode())
            sha.update(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
        elif isinstance(value, Mapping):
            add([list(item) for item in value.items()])
        elif isinstance(value, list | tuple):
            sha.update(f"{len(value)}[".encode())
            for part in value:
                add(part)
        else:
            sha.update(f"{value!r};".encode())

    add(value)
    return sha.hexdigest()[:32]


def _read(path: Path) -> dict | None:
    """What was kept, None if nothing was, or nothing that can be read."""
    try:
        saved = states.read(path)
        path.touch()
    except (states.Damaged, OSError):
        return None
    return saved


def _write(path: Path, content: Mapping[str, object], label: str) -> None:
    try:
        states.write(path, content)
        kept = sorted(path.parent.glob("*.safetensors"), key=lambda p: p.stat().st_mtime, reverse=True)
        room = ROOM
        for file in kept:
            room -= file.stat().st_size
            if room < 0:
                file.unlink()
    except OSError as error:
        print(f"{label}: this training cannot be kept for the next time ({error}).")

"""Trainings that are not done twice: with `COURSE_PRETRAINED=1` a finished one is kept on disk, and its result used again.

A folder instead of 1 says where they are kept.

A training is known by where it starts, how it steps, the code of its objectives and films with the numbers, tensors and
functions that they use, what the films show before the first step, and what that step gives, to the bit. So a change of the
lesson, of the data or of the machine is another training. What a remembered one leaves behind (weights, history, film, random
state) is what it left the first time, bit for bit; only what an objective counts for itself stands where the first step left
it. One that draws from a generator of its own is trained every time.
"""

import copy
import hashlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import CodeType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from course_utils import files, states
from course_utils.runtime import setting

ROOM = 1_000_000_000  # bytes on disk; the trainings not used for longest make room
NAMES = "[0-9a-f]" * 32 + ".safetensors"  # of what is kept, and of nothing else that may lie in the folder


def wanted() -> bool:
    return setting("COURSE_PRETRAINED", "0") != "0"


def folder() -> Path:
    chosen = setting("COURSE_PRETRAINED", "1")
    if chosen == "1":
        return files.own_folder() / ".cache" / "trained"
    path = Path(chosen).expanduser().resolve()
    if not path.is_dir():
        raise ValueError(f"COURSE_PRETRAINED: expected 0, 1 or a folder that exists, got {chosen!r}")
    return path


class Training:
    """One training that may have been done before. Made before its first step.

    players: of `training.play`. watch: what looks at the training; films get back their frames.
    """

    def __init__(self, players: Mapping[str, Any], steps: int, watch: Sequence, label: str) -> None:
        self.players, self.steps, self.films, self.label = players, steps, watch, label
        self.folder, self.path = folder(), Path()
        how = [[_rates(player, steps), _known(player.objective)] for player in players.values()]
        looks = [[sorted(film.wanted), _known(film.look)] for film in watch]
        self.known_by = [torch.__version__, steps, how, looks, copy.deepcopy(state_of(players))]

    def recall(self, row: Mapping[str, float], batches: Iterator) -> list[dict[str, float]]:
        """All rows of the history, if this training is remembered: then all is as at its end. Else none, and nothing changes.

        row: what the first step gave; the films have looked before it, and not yet after it.
        """
        self.path = self.folder / f"{_digest([*self.known_by, [film.kept for film in self.films], row])}.safetensors"
        saved = _read(self.path)
        if saved is None:
            return []
        next(islice(batches, self.steps - 1, self.steps - 1), None)  # as many are used up
        put_back(self.players, saved)
        for film, kept in zip(self.films, saved["films"], strict=True):
            film.put_back(kept)
        return saved["rows"]

    def keep(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Keep what was trained, and no more than there is room for. Where that fails, a sentence says so."""
        try:
            films = [film.kept for film in self.films]
            states.write(self.path, {**state_of(self.players), "films": films, "rows": [dict(row) for row in rows]})
            room = ROOM
            for file in sorted(self.folder.glob(NAMES), key=lambda p: p.stat().st_mtime, reverse=True):
                room -= file.stat().st_size
                if room < 0:
                    file.unlink()
        except (OSError, TypeError, KeyboardInterrupt) as error:
            print(f"{self.label}: this training cannot be kept for the next time ({error or 'interrupted'}).")


def knowable(players: Mapping[str, Any]) -> bool:
    """Whether a training can be remembered: not if an objective draws from a generator of its own, which nobody puts back."""
    used = [used for player in players.values() for used in _used(player.objective)]
    owners = [getattr(value, "__self__", value) for value in used]  # of a method that was given by itself
    return not any(isinstance(owner, torch.Generator | np.random.Generator) for owner in owners)


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


def _used(function: object, depth: int = 3) -> list[object]:
    """What a function uses that was not made in it: closures and globals, and what functions among these use, to some depth."""
    if not inspect.isfunction(function) or depth == 0:
        return []
    found = inspect.getclosurevars(function)
    values = [*found.nonlocals.values(), *found.globals.values()]
    values += [part for value in values if value is not function for part in _used(value, depth - 1)]
    return list({id(value): value for value in values}.values())


def _known(function: object) -> list[object]:
    """What a function does: its code and that of the functions it uses, and all numbers, texts and tensors in play."""
    return [_content(value) for value in (function, *_used(function))]


def _content(value: object) -> object:
    if inspect.isfunction(value):
        return _parts(value.__code__)
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value) if value.dtype.kind in "biuf" else value.tolist()
    if isinstance(value, Mapping):
        return {repr(key): _content(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_content(part) for part in value]
    return value if isinstance(value, Tensor | int | float | str) else type(value).__name__


def _parts(code: CodeType) -> list[object]:
    return [code.co_code.hex(), list(code.co_names), [_constant(value) for value in code.co_consts]]


def _constant(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(map(repr, value))  # its own order is another one in every process
    return _parts(value) if isinstance(value, CodeType) else repr(value)


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

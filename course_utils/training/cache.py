"""Trainings that are not done twice: with `COURSE_CACHE=1` a finished one is kept on disk and used
again. A folder instead of 1 says where they are kept.

A training is known by

- where it starts: the state of every network, optimizer, schedule and average, and the random
  state;
- what it does: the number of steps, and the code of its objectives and films and of the Python
  functions that they use, up to three levels deep, with the numbers, texts and tensors that these
  take from outside;
- the exact numbers of its first step: a change of the data, device or versions almost always shows
  there.

What it leaves behind (weights, history, films, random state) is what it left the first time, bit
for bit. A change in attributes of objects that an objective reads is not noticed. What an objective
counts for itself is not restored: after a recall it stands where the first step left it. A training
that draws from a generator of its own is done every time.
"""

import copy
import hashlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from types import CodeType

import numpy as np
import torch
from torch import Tensor

from course_utils import datasets, tensor_io
from course_utils.runtime import setting
from course_utils.training import distributed
from course_utils.training.film import Film, Watcher
from course_utils.training.game import Player
from course_utils.training.state import restore, state_of

ROOM = 1_000_000_000  # bytes on disk; the trainings not used for longest make room
# Only files with such names are deleted to make room; the folder may hold others.
NAMES = "[0-9a-f]" * 32 + ".safetensors"
DEPTH = 3  # levels of called functions that belong to the key


class NoCache:
    """Nothing is kept and nothing recalled."""

    asks_at: int | None = None  # the step whose numbers are asked for at once
    recalled = False

    def recall(self, history: list, batches: Iterator) -> bool:
        return False

    def keep(self, history: Sequence[Mapping[str, float]]) -> None:
        pass


class Cache(NoCache):
    """The place of one training, made before its first step."""

    asks_at = 1

    def __init__(
        self,
        players: Mapping[str, Player],
        steps: int,
        films: Sequence[Film],
        label: str,
        folder: Path,
    ) -> None:
        self.players, self.steps, self.films, self.label = players, steps, films, label
        self.folder, self.path = folder, Path()
        does = [[_rates(player, steps), _known(player.objective)] for player in players.values()]
        looks = [[sorted(film.wanted), _known(film.look)] for film in films]
        self.known_by = [torch.__version__, steps, does, looks, copy.deepcopy(state_of(players))]

    def recall(self, history: list, batches: Iterator) -> bool:
        """Whether this training was done before: then all, `history` included, is as at its end.
        Else nothing changes.

        history: of its first step; the films have looked before it, and not yet after it.
        """
        key = _digest([*self.known_by, [film.kept for film in self.films], history[0]])
        self.path = self.folder / f"{key}.safetensors"
        saved = _read(self.path)
        if saved is None:
            return False
        next(islice(batches, self.steps - 1, self.steps - 1), None)  # as many are used up
        restore(self.players, saved)
        for film, kept in zip(self.films, saved["films"], strict=True):
            film.put_back(kept)
        history[:] = saved["rows"]
        self.recalled = True
        return True

    def keep(self, history: Sequence[Mapping[str, float]]) -> None:
        """Keep what was trained, and no more than there is room for.

        Where that fails, a sentence says so.
        """
        try:
            films, rows = [film.kept for film in self.films], [dict(row) for row in history]
            tensor_io.write(self.path, {**state_of(self.players), "films": films, "rows": rows})
            room = ROOM
            for file in sorted(
                self.folder.glob(NAMES), key=lambda p: p.stat().st_mtime, reverse=True
            ):
                room -= file.stat().st_size
                if room < 0:
                    file.unlink()
        except (OSError, TypeError, KeyboardInterrupt) as error:
            print(
                f"{self.label}: this training cannot be kept for the next time"
                f" ({error or 'interrupted'})."
            )


def cache_for(
    players: Mapping[str, Player], steps: int, watch: Sequence[Watcher], label: str
) -> NoCache:
    """A Cache if one is wanted and possible, else NoCache.

    Watchers other than films, e.g. what writes checkpoints, need the training to happen.
    """
    films = [watcher for watcher in watch if isinstance(watcher, Film)]
    if steps > 1 and len(films) == len(watch) and wanted() and _repeatable(players):
        return Cache(players, steps, films, label, folder())
    return NoCache()


def wanted() -> bool:
    return _chosen() != "0"


def folder() -> Path:
    """Where trainings are kept. Raises ValueError for a folder that is not there."""
    chosen = _chosen()
    if chosen in ("0", "1"):
        return datasets.own_folder() / ".cache" / "trained"
    path = Path(chosen).expanduser().resolve()
    if not path.is_dir():
        raise ValueError(f"COURSE_CACHE: expected 0, 1 or a folder that exists, got {chosen!r}")
    return path


_warned: set[str] = set()


def _chosen() -> str:
    """The setting. COURSE_PRETRAINED, its old name, works for one more release."""
    new, old = setting("COURSE_CACHE", ""), setting("COURSE_PRETRAINED", "")
    if old and not new and old not in _warned and distributed.rank() == 0:
        _warned.add(old)
        print(f"COURSE_PRETRAINED is now called COURSE_CACHE; taken as COURSE_CACHE={old}.")
    return new or old or "0"


def _repeatable(players: Mapping[str, Player]) -> bool:
    """Whether it gives the same again: not if an objective draws from a generator of its own, which
    nobody puts back.
    """
    used = [used for player in players.values() for used in _used(player.objective)]
    # A bound method such as rng.random stands for the object it belongs to.
    owners = [getattr(value, "__self__", value) for value in used]
    return not any(isinstance(owner, torch.Generator | np.random.Generator) for owner in owners)


def _rates(player: Player, steps: int) -> list[object]:
    """What is not in the state of a schedule: its rules, for every step."""
    rules = getattr(player.schedule, "lr_lambdas", ())
    return [[rule(step) for step in range(steps)] for rule in rules]


def _used(function: object, depth: int = DEPTH) -> list[object]:
    """What a function takes from outside, closures and globals, and what functions among these
    take, to some depth.
    """
    if not inspect.isfunction(function) or depth == 0:
        return []
    found = inspect.getclosurevars(function)
    values = [*found.nonlocals.values(), *found.globals.values()]
    values += [
        part for value in values if value is not function for part in _used(value, depth - 1)
    ]
    return list({id(value): value for value in values}.values())


def _known(function: object) -> list[object]:
    """What a function does: its code and that of the functions it uses, and all numbers, texts and
    tensors in play.
    """
    return [_content(value) for value in (function, *_used(function))]


def _content(value: object) -> object:
    if inspect.isfunction(value):
        return _code(value.__code__)
    if isinstance(value, np.ndarray):
        return torch.from_numpy(value) if value.dtype.kind in "biuf" else value.tolist()
    if isinstance(value, Mapping):
        return {repr(key): _content(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_content(part) for part in value]
    return value if isinstance(value, Tensor | int | float | str) else type(value).__name__


def _code(code: CodeType) -> list[object]:
    """Instructions, names and constants.

    Not the source: of a lambda over several lines `inspect.getsource` gives the first one, and of a
    file that was edited after its import what stands there now.
    """
    return [code.co_code.hex(), list(code.co_names), [_constant(value) for value in code.co_consts]]


def _constant(value: object) -> object:
    if isinstance(value, frozenset):  # its own order is another one in every process
        return sorted(map(repr, value))
    return _code(value) if isinstance(value, CodeType) else repr(value)


def _digest(value: object) -> str:
    sha = hashlib.sha256()

    def add(value: object) -> None:
        if isinstance(value, Tensor):
            sha.update(f"{value.dtype} {tuple(value.shape)}".encode())
            sha.update(
                value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
            )
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
        saved = tensor_io.read(path)
        path.touch()
    except (tensor_io.DamagedFileError, OSError):
        return None
    return saved

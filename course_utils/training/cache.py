"""Finished runs on disk: with `COURSE_CACHE=1` a run that was done before is loaded, not repeated.

A folder instead of 1 says where the runs are kept. The key of a run is a digest of

- its start: the state of every network, optimizer, schedule and average, and the random state;
- what it does: the number of steps, and the code of its objectives and films and of the Python
  functions that they use, up to three levels deep, with the numbers, texts and tensors that these
  take from outside;
- the exact numbers of its first step: a change of the data, device or versions almost always
  changes them.

What a loaded run leaves behind (weights, history, films, random state) is what it left the first
time, bit for bit. Four limits:

- A change in attributes of objects that an objective reads is not noticed.
- What an objective counts for itself is not restored: it stays as the first step left it.
- A run whose objective has a random generator of its own is never loaded.
- The code of classes, their methods, and functions in a `functools.partial` is not looked at. A
  change in it is noticed only by the numbers of the first step.
"""

import copy
import hashlib
import inspect
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
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

ROOM = 1_000_000_000  # bytes on disk; the least recently used runs are deleted beyond it
# Only files with such names are deleted to make room; the folder may hold others.
NAMES = "[0-9a-f]" * 32 + ".safetensors"
DEPTH = 3  # levels of called functions that belong to the key


class NoCache:
    """A cache that keeps nothing and finds nothing.

    Attributes:
        check_at: the step whose numbers `play` reads at once, because `recall` needs them; or None.
        recalled: whether the run was loaded.
    """

    check_at: int | None = None
    recalled = False

    def recall(self, history: list, batches: Iterator) -> bool:
        """See `Cache.recall`."""
        return False

    def keep(self, history: Sequence[Mapping[str, float]]) -> None:
        """See `Cache.keep`."""
        pass


class Cache(NoCache):
    """The place of one run on disk; created before its first step."""

    check_at = 1

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
        game = [
            [_rates(player, steps), _behaviour(player.objective)] for player in players.values()
        ]
        looks = [[sorted(film.wanted), _behaviour(film.look)] for film in films]
        self.key_parts = [torch.__version__, steps, game, looks, copy.deepcopy(state_of(players))]

    def recall(self, history: list, batches: Iterator) -> bool:
        """Load the run if it was done before: networks, films and history are then as at its end.

        Call it after the first step, when the films have recorded step 0 and not yet step 1.

        Args:
            history: of the first step; replaced by that of the whole run.
            batches: the run's batches; as many are taken as the run would use.

        Returns:
            Whether the run was loaded. If not, nothing has changed.
        """
        key = _digest([*self.key_parts, [film.kept for film in self.films], history[0]])
        self.path = self.folder / f"{key}.safetensors"
        saved = _read(self.path)
        if saved is None:
            return False
        # A later run on the same iterator must get the batches that it would get after this one.
        next(islice(batches, self.steps - 1, self.steps - 1), None)
        restore(self.players, saved)
        for film, kept in zip(self.films, saved["films"], strict=True):
            film.put_back(kept)
        history[:] = saved["rows"]
        self.recalled = True
        return True

    def keep(self, history: Sequence[Mapping[str, float]]) -> None:
        """Write the finished run to disk; where that fails, a sentence says so.

        Beyond `ROOM` bytes, the least recently used runs are deleted.

        Args:
            history: of the whole run.
        """
        try:
            films, rows = [film.kept for film in self.films], [dict(row) for row in history]
            tensor_io.write(self.path, {**state_of(self.players), "films": films, "rows": rows})
        except (OSError, TypeError, KeyboardInterrupt) as error:
            reason = str(error) or "interrupted"
            print(f"{self.label}: this run cannot be kept for the next time ({reason}).")
        with suppress(OSError):  # another process may have deleted a file first
            self._make_room()

    def _make_room(self) -> None:
        room = ROOM
        for file in sorted(self.folder.glob(NAMES), key=lambda p: p.stat().st_mtime, reverse=True):
            room -= file.stat().st_size
            if room < 0:
                file.unlink()


def cache_for(
    players: Mapping[str, Player], steps: int, watch: Sequence[Watcher], label: str
) -> NoCache:
    """Return a Cache if `COURSE_CACHE` asks for one and the run can be repeated, else a NoCache.

    Watchers other than films, e.g. one that writes checkpoints, need the run to take place.

    Args:
        players: the players by name.
        steps: number of steps.
        watch: the watchers of the run.
        label: the run's name in messages.
    """
    films = [watcher for watcher in watch if isinstance(watcher, Film)]
    if steps > 1 and len(films) == len(watch) and wanted() and _repeatable(players):
        return Cache(players, steps, films, label, folder())
    return NoCache()


def wanted() -> bool:
    """Return whether `COURSE_CACHE` turns the cache on."""
    return _chosen() != "0"


def folder() -> Path:
    """Return the folder in which runs are kept.

    Raises:
        ValueError: where `COURSE_CACHE` names a folder that does not exist.
    """
    chosen = _chosen()
    if chosen in ("0", "1"):
        return datasets.own_folder() / ".cache" / "trained"
    path = Path(chosen).expanduser().resolve()
    if not path.is_dir():
        raise ValueError(f"COURSE_CACHE: expected 0, 1 or a folder that exists, got {chosen!r}")
    return path


_warned: set[str] = set()


def _chosen() -> str:
    """Return the setting; its old name, COURSE_PRETRAINED, works for one more release."""
    new, old = setting("COURSE_CACHE", ""), setting("COURSE_PRETRAINED", "")
    if old and not new and old not in _warned and distributed.rank() == 0:
        _warned.add(old)
        print(f"COURSE_PRETRAINED is now called COURSE_CACHE; taken as COURSE_CACHE={old}.")
    return new or old or "0"


def _repeatable(players: Mapping[str, Player]) -> bool:
    """Return whether a run gives the same again: no objective uses a generator of its own."""
    used = [used for player in players.values() for used in _used(player.objective)]
    # A bound method such as rng.random stands for the object it belongs to.
    owners = [getattr(value, "__self__", value) for value in used]
    # The cache restores PyTorch's own generators, but not the state of others.
    return not any(isinstance(owner, torch.Generator | np.random.Generator) for owner in owners)


def _rates(player: Player, steps: int) -> list[object]:
    """Return a schedule's learning-rate factors for every step: its state does not hold them."""
    rules = getattr(player.schedule, "lr_lambdas", ())
    return [[rule(step) for step in range(steps)] for rule in rules]


def _used(function: object, depth: int = DEPTH) -> list[object]:
    """Return the closure variables and globals of a function and of the functions among them."""
    if not inspect.isfunction(function) or depth == 0:
        return []
    found = inspect.getclosurevars(function)
    values = [*found.nonlocals.values(), *found.globals.values()]
    values += [
        part for value in values if value is not function for part in _used(value, depth - 1)
    ]
    return list({id(value): value for value in values}.values())


def _behaviour(function: object) -> list[object]:
    """Return what a function does: code and values of the function and of those that it uses."""
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
    """Return instructions, names and constants of compiled code.

    The source would not do: for a lambda over several lines `inspect.getsource` gives only the
    first one, and for a file that was edited after its import it gives what stands there now.
    """
    return [code.co_code.hex(), list(code.co_names), [_constant(value) for value in code.co_consts]]


def _constant(value: object) -> object:
    if isinstance(value, frozenset):  # its order differs from process to process
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
    """Return the run kept in a file; None where there is none, or none that can be read."""
    try:
        saved = tensor_io.read(path)
        path.touch()
    except (tensor_io.DamagedFileError, OSError):
        return None
    return saved

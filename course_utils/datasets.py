"""The four files of a data set: checked whenever they are read, fetched when missing, never half
written.

torchvision knows the addresses and the checksums of the compressed files; what it leaves out is
here: a raw file that was cut, swapped or flipped is found, a silent mirror is given up, and two
processes fetch once.
"""

import contextlib
import errno
import functools
import gzip
import hashlib
import json
import struct
import threading
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock

from course_utils import atomic
from course_utils.errors import CourseError
from course_utils.runtime import setting

# Names of torchvision's folders and classes.
LAYOUT = {
    "mnist": "MNIST",
    "fashion_mnist": "FashionMNIST",
    "kmnist": "KMNIST",
}
STEMS = {"train": "train", "test": "t10k"}
FILES = tuple(
    f"{stem}-{kind}-ubyte" for stem in STEMS.values() for kind in ("images-idx3", "labels-idx1")
)
SILENCE = 12  # seconds in which a mirror must send MINIMUM bytes, or it is given up
MINIMUM = 8192
OFFICIAL_SIZE = {"train": 60_000, "test": 10_000}
OFFICIAL = {  # SHA-256 of MNIST's raw files
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


class DataError(CourseError):
    """A data set could not be had.

    The message says what, where, what was expected, what was found, and what to do.
    """


class UnavailableError(DataError):
    """It could not be fetched: no mirror had it, or there is no place to write it to."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with one file."""

    path: Path
    what: str
    expected: str
    got: str

    def __str__(self) -> str:
        return f"{self.path}: {self.what}; expected {self.expected}, got {self.got}"


def how_to_get(name: str) -> str:
    return (
        "To get the set: run again with a network, or put its four files into"
        f" <folder>/{LAYOUT[name]}/raw and set COURSE_DATA=<folder>."
    )


def folder() -> Path:
    """Where data sets live: `COURSE_DATA`, else the project's own folder."""
    chosen = setting("COURSE_DATA", "")
    return Path(chosen).expanduser().resolve() if chosen else own_folder()


def own_folder() -> Path:
    """`data/` of the checkout, or (installed without one) a folder in the user's cache."""
    checkout = Path(__file__).resolve().parent.parent
    return (
        checkout / "data"
        if (checkout / "pyproject.toml").exists()
        else Path.home() / ".cache" / "course_utils"
    )


def ready(name: str) -> bool:
    """Whether `read` needs no download. Raises DataError for a bad file that must stay."""
    raw = folder() / LAYOUT[name] / "raw"
    faults = examine(name, raw)
    if faults and not _own(raw):
        _refuse_changes(name, raw, faults)
    return not faults


def read(name: str, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Images (N, 28, 28) and labels (N,), both uint8, of one split; all four files are checked, and
    fetched where they may be.

    Under `COURSE_DATA` nothing that is there is moved or changed: a bad file is named and refused.
    In the project's own folder a bad file is set aside and fetched again. Raises DataError.
    """
    raw = folder() / LAYOUT[name] / "raw"
    if not ready(name):
        _repair(name, raw)
    _report(name, *(_count(raw / f"{stem}-labels-idx1-ubyte") for stem in STEMS.values()))
    return _parse(raw / f"{STEMS[split]}-images-idx3-ubyte"), _parse(
        raw / f"{STEMS[split]}-labels-idx1-ubyte"
    )


def examine(name: str, raw: Path) -> list[Fault]:
    """Everything that is wrong with the four files in `raw`; empty if nothing is. Remembers a good
    set in the manifest.
    """
    try:
        return _examine(name, raw)
    except OSError as error:
        raise DataError(
            f"{name}: {error.filename or raw} cannot be read; expected a readable file, got:"
            f" {error.strerror or error}. Nothing was changed: make it readable, or name another"
            " folder with COURSE_DATA."
        ) from error


def _examine(name: str, raw: Path) -> list[Fault]:
    state = tuple(
        (path.stat().st_mtime_ns, path.stat().st_size) if path.is_file() else None
        for path in map(raw.joinpath, FILES)
    )
    if _good.get(raw) == state:
        return []
    faults = [fault for file in FILES if (fault := _look(raw / file))]
    faults = faults or _compare(raw)
    if not faults:
        known, sums = _manifest(), {file: _sha256(raw / file) for file in FILES}
        faults = [
            fault for file in FILES if (fault := _changed(name, raw / file, sums[file], known))
        ]
        if not faults:
            _remember({str(raw / file): sums[file] for file in FILES})
            _good[raw] = state
    return faults


_good: dict[
    Path, tuple
] = {}  # sets that this process has examined, with the times and sizes of their files


# One check after the other, each with its own sentence.
def _look(path: Path) -> Fault | None:
    """What is wrong with one file by itself."""
    images = "images" in path.name
    expected = (
        "images of 28×28 pixels in the IDX format" if images else "labels 0 to 9 in the IDX format"
    )
    if path.is_dir():
        return Fault(path, "a folder stands in the file's place", expected, "a folder")
    if not path.exists():
        return Fault(path, "the file is missing", expected, "nothing")
    content = path.read_bytes()
    header = 16 if images else 8
    if content[:2] == b"\x1f\x8b":
        return Fault(path, "the file is compressed and must be unpacked", expected, "gzip data")
    if content.lstrip()[:1] == b"<":
        return Fault(path, "this is a web page under the file's name", expected, "HTML")
    if len(content) < header:
        return Fault(path, "the file is cut", f"at least {header} bytes", f"{len(content)} bytes")
    magic, count, *size = struct.unpack(f">{header // 4}I", content[:header])
    if magic != (0x803 if images else 0x801):
        return Fault(
            path,
            "the file has the wrong kind",
            f"magic number {0x803 if images else 0x801:#x}",
            f"{magic:#x}",
        )
    if images and size != [28, 28]:
        return Fault(
            path, "the pictures have the wrong size", "28×28 pixels", f"{size[0]}×{size[1]}"
        )
    if count == 0:
        return Fault(path, "the file is empty inside", "at least one entry", "a header that says 0")
    length = header + count * (784 if images else 1)
    if len(content) != length:
        return Fault(
            path,
            "the length does not fit the header",
            f"{length} bytes for {count} entries",
            f"{len(content)} bytes",
        )
    if not images and max(content[header:]) > 9:
        return Fault(
            path, "a label is out of range", "labels 0 to 9", f"a label {max(content[header:])}"
        )
    return None


def _compare(raw: Path) -> list[Fault]:
    """What is wrong between files that are good by themselves."""
    faults, counts = [], {}
    for split, stem in STEMS.items():
        images, labels = (raw / f"{stem}-{kind}-ubyte" for kind in ("images-idx3", "labels-idx1"))
        counts[split] = _count(labels)
        if _count(images) != counts[split]:
            what, got = (
                "images and labels do not belong together",
                f"{_count(images)} images and {counts[split]} labels",
            )
            faults += [
                Fault(path, what, "as many labels as images", got) for path in (images, labels)
            ]
    if not faults and counts["train"] < counts["test"]:
        got = f"{counts['train']} training and {counts['test']} test images"
        faults = [
            Fault(
                raw / file,
                "training and test files are swapped",
                "more training than test images",
                got,
            )
            for file in FILES
        ]
    return faults


def _changed(name: str, path: Path, checksum: str, known: dict[str, str]) -> Fault | None:
    """Whether a file differs from the official one of its length, or from itself at an earlier
    time.
    """
    split = "train" if path.name.startswith("train") else "test"
    expected = known.get(str(path))
    if name == "mnist":
        other = (
            path.name.replace("train", "t10k")
            if split == "train"
            else path.name.replace("t10k", "train")
        )
        if checksum == OFFICIAL[other]:
            return Fault(
                path, "training and test files are swapped", f"the {split} file", f"MNIST's {other}"
            )
        if _count(path) == OFFICIAL_SIZE[split]:
            expected = OFFICIAL[path.name]
    if expected in (None, checksum):
        return None
    return Fault(path, "the content has changed", f"SHA-256 {expected[:12]}…", f"{checksum[:12]}…")


def _parse(path: Path) -> np.ndarray:
    """The array in a file that `_look` found good, read-only."""
    header = 16 if "images" in path.name else 8
    values = np.frombuffer(path.read_bytes(), np.uint8, offset=header)
    return values.reshape(-1, 28, 28) if header == 16 else values


def _count(path: Path) -> int:
    """The number of entries that the header of a good file gives."""
    with path.open("rb") as file:
        return struct.unpack(">2I", file.read(8))[1]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@functools.cache
def _report(name: str, n_train: int, n_test: int) -> None:
    if (n_train, n_test) != tuple(OFFICIAL_SIZE.values()):
        official = "{train:,} and {test:,}".format(**OFFICIAL_SIZE)
        print(
            f"{name} here has {n_train:,} training and {n_test:,} test images (the official set:"
            f" {official})."
        )


# ---- the manifest: what the files of accepted sets were, so that a later change is found ----


def _manifest_path() -> Path:
    return own_folder() / ".cache" / "manifest.json"


def _manifest() -> dict[str, str]:
    try:
        return json.loads(_manifest_path().read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def _remember(sums: dict[str, str]) -> None:
    known = _manifest()
    if not sums.items() <= known.items():
        with contextlib.suppress(OSError):  # a read-only checkout remembers nothing, and works
            atomic.write(_manifest_path(), json.dumps(known | sums, indent=1).encode())


# ---- fetching ----


def _own(raw: Path) -> bool:
    return raw.resolve().is_relative_to(own_folder().resolve())


def _repair(name: str, raw: Path) -> None:
    """Fetch what is missing; set aside and fetch again what is bad, but only in the project's own
    folder.
    """
    try:
        raw.mkdir(parents=True, exist_ok=True)
        with FileLock(raw / ".lock"):
            for leftover in raw.glob(".*.part"):
                leftover.unlink()
            for _ in range(
                3
            ):  # the second round for files that turn out not to fit the fetched ones
                faults = examine(name, raw)  # again: another process may have been faster
                if not faults:
                    return
                if not _own(raw):
                    _refuse_changes(name, raw, faults)
                bad = [fault.path for fault in faults]
                _replace(name, [path for path in bad if not _official(name, path)] or bad)
            raise DataError(f"{name}: {faults[0]}, even after fetching it. Please report this.")
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
        why = "There is no space left" if full else "It cannot be written to"
        raise UnavailableError(
            f"{name}: could not write to {raw} ({error.strerror or error}). {why}; what was there"
            " is unchanged. Make room or name another folder with COURSE_DATA, and run again."
        ) from error


def _official(name: str, path: Path) -> bool:
    """Whether the file is one that a download gives."""
    if not path.is_file():
        return False
    checksum = _sha256(path)
    return (
        checksum == OFFICIAL[path.name]
        if name == "mnist"
        else _manifest().get(f"{name} {path.name}") == checksum
    )


def _refuse_changes(name: str, raw: Path, faults: list[Fault]) -> None:
    """Raise DataError unless all that is needed is to add official files beside official ones."""
    others = [raw / file for file in FILES if (raw / file).exists()]
    if all(not fault.path.exists() for fault in faults) and all(
        _official(name, path) for path in others
    ):
        return
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    raise DataError(
        f"{name}: {faults[0]}{more}. Nothing was changed, because COURSE_DATA is yours: put a good"
        " file there, or unset COURSE_DATA and the course fetches its own copy. If the change was"
        f" yours: delete {_manifest_path()}"
    )


def _replace(name: str, paths: list[Path]) -> None:
    print(f"Fetching {name}: {', '.join(path.name for path in paths)}")
    for path in paths:
        content = _download(name, path.name)
        checksum = hashlib.sha256(content).hexdigest()
        _remember({f"{name} {path.name}": checksum, str(path): checksum})
        aside = (
            path.with_name(f"{path.name}.bad-{time.strftime('%Y%m%d-%H%M%S')}")
            if path.exists()
            else None
        )
        atomic.write(path, content, aside)
        if aside:
            print(f"Set aside a file that was not as it should be: {aside}")


def _download(name: str, file: str) -> bytes:
    """The raw content of one file, from the first mirror that has it with the right checksum.

    Raises DataError.
    """
    import torchvision.datasets

    source = getattr(torchvision.datasets, LAYOUT[name])
    expected = dict(source.resources)[f"{file}.gz"]
    failures = []
    for mirror in source.mirrors:
        try:
            packed = _get(f"{mirror}{file}.gz")
            checksum = hashlib.md5(packed, usedforsecurity=False).hexdigest()
            if checksum != expected:
                kind = ", a web page" if packed.lstrip()[:1] == b"<" else ""
                raise OSError(
                    f"expected MD5 {expected}, got {checksum} ({len(packed)} bytes{kind})"
                )
            return gzip.decompress(packed)
        except (OSError, EOFError, ValueError) as error:
            failures.append(f"{mirror}: {error}")
    raise UnavailableError(
        f"{name}: {file} could not be downloaded ({'; '.join(failures)}). {how_to_get(name)}"
    )


def _get(url: str) -> bytes:
    """The body of a web address.

    Raises OSError; TimeoutError if fewer than MINIMUM bytes come within SILENCE seconds.
    """
    parts: list[bytes] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            with urllib.request.urlopen(url, timeout=2 * SILENCE) as answer:
                while part := answer.read1(1 << 16):
                    parts.append(part)
        except urllib.error.HTTPError as error:
            error.close()
            failure.append(error)
        except Exception as error:  # of whatever kind: it is raised below, in the thread that asked
            failure.append(error)

    # In a thread of its own: a name that does not resolve, or a mirror that drips, cannot be
    # stopped from within.
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    seen = 0
    while thread.is_alive():
        thread.join(SILENCE)
        arrived = sum(map(len, parts))
        if thread.is_alive() and arrived - seen < MINIMUM:
            raise TimeoutError(f"only {arrived - seen} bytes in {SILENCE} s")
        seen = arrived
    if failure:
        raise failure[0] if isinstance(failure[0], OSError) else OSError(str(failure[0]))
    return b"".join(parts)

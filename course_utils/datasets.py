"""The four files of a data set: checked whenever they are read, fetched when missing.

torchvision knows the addresses and checksums; pooch fetches, compares and unpacks. By hand: what is
wrong with a file, which files may be replaced, and giving up a mirror that is too slow.
"""

import contextlib
import functools
import io
import json
import shutil
import tempfile
import threading
import time
from concurrent.futures import Future, wait
from pathlib import Path

import numpy as np
import pooch
from filelock import FileLock

from course_utils import atomic
from course_utils.errors import CourseError
from course_utils.runtime import setting

LAYOUT = {"mnist": "MNIST", "fashion_mnist": "FashionMNIST", "kmnist": "KMNIST"}  # torchvision's
STEMS, KINDS = {"train": "train", "test": "t10k"}, ("images-idx3", "labels-idx1")
FILES = tuple(f"{stem}-{kind}-ubyte" for stem in STEMS.values() for kind in KINDS)
SILENCE, MINIMUM = 12, 8192  # seconds, in which a mirror must send so many bytes
OFFICIAL_SIZE = {"train": 60_000, "test": 10_000}
OFFICIAL = {  # SHA-256 of MNIST's raw files
    "train-images-idx3-ubyte": "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
    "train-labels-idx1-ubyte": "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
    "t10k-images-idx3-ubyte": "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
    "t10k-labels-idx1-ubyte": "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
}


class DataError(CourseError):
    """A data set could not be had: what, where, expected, got, and what to do."""


class UnavailableError(DataError):
    """It could not be fetched: no mirror had it, or there is no place to write it to."""


class _FileError(Exception):
    """What is wrong with some files, expected and got."""

    def __init__(self, message: str, *paths: Path) -> None:
        super().__init__(message)
        self.paths = paths


def how_to_get(name: str) -> str:
    return (
        "To get the set: run again with a network, or put its four files into"
        f" <folder>/{LAYOUT[name]}/raw and set COURSE_DATA=<folder>."
    )


def own_folder() -> Path:
    """`data/` of the checkout, or (installed without one) a folder in the user's cache."""
    checkout = Path(__file__).resolve().parent.parent
    is_checkout = (checkout / "pyproject.toml").exists()
    return checkout / "data" if is_checkout else Path.home() / ".cache" / "course_utils"


def folder() -> Path:
    """Where data sets live: `COURSE_DATA`, else the project's own folder."""
    chosen = setting("COURSE_DATA", "")
    return Path(chosen).expanduser().resolve() if chosen else own_folder()


def ready(name: str) -> bool:
    """Whether `read` needs no download. Raises DataError for a bad file that must stay."""
    return bool(_check(name)[0])


def read(name: str, split: str) -> tuple[np.ndarray, np.ndarray]:
    """One split; all four files are checked, and fetched where they may be.

    Under `COURSE_DATA` nothing that is there is moved or changed: a bad file is named and refused.
    In the project's own folder a bad file is set aside and fetched again.

    Returns images (N, 28, 28) and labels (N,), both uint8 and read-only. Raises DataError.
    """
    arrays = _check(name)[0] or _fetch(name)
    return arrays[f"{STEMS[split]}-images-idx3-ubyte"], arrays[f"{STEMS[split]}-labels-idx1-ubyte"]


def _check(name: str) -> tuple[dict[str, np.ndarray], list[Path]]:
    """The four arrays of a good set by file, or else the files to fetch.

    Raises DataError for a file that cannot be read, and for a bad one in the user's folder.
    """
    raw, known = folder() / LAYOUT[name] / "raw", _manifest()
    paths = [raw / file for file in FILES]
    try:
        sums = {path: pooch.file_hash(path) for path in paths if path.is_file()}
        return _arrays(name, paths, sums, known), []
    except OSError as error:
        raise DataError(
            f"{name}: {error.filename or raw} cannot be read; expected a readable file, got:"
            f" {error.strerror or error}. Nothing was changed: make it readable, or name another"
            " folder with COURSE_DATA."
        ) from error
    except _FileError as error:
        missing = [path for path in paths if not path.exists()]
        official = [path for path in sums if sums[path] == known.get(f"{name} {path.name}")]
        is_own = raw.resolve().is_relative_to(own_folder().resolve())
        if is_own or len(missing) + len(official) == len(paths):
            return {}, missing or [path for path in error.paths if path not in official]
        raise DataError(
            f"{name}: {error.paths[0]}: {error}. Nothing was changed, because COURSE_DATA is"
            " yours: put a good file there, or unset COURSE_DATA and the course fetches its own"
            f" copy. If the change was yours: delete {_manifest_path()}"
        ) from None


def _arrays(
    name: str, paths: list[Path], sums: dict[Path, str], known: dict[str, str]
) -> dict[str, np.ndarray]:
    """The four arrays by file; a good set is remembered.

    sums: SHA-256 of the files that are there.
    known: the manifest.

    Raises _FileError, and OSError for a file that cannot be read.
    """
    arrays = {path.name: _array(path) for path in paths}
    n = [len(array) for array in arrays.values()]
    for i in (0, 2):
        if n[i] != n[i + 1]:
            got = f"{n[i]} images and {n[i + 1]} labels"
            what = "images and labels do not belong together; expected as many labels as images"
            raise _FileError(f"{what}, got {got}", *paths[i : i + 2])
    swapped = "training and test files are swapped; expected"
    if n[0] < n[2]:
        got = f"{n[0]} training and {n[2]} test images"
        raise _FileError(f"{swapped} more training than test images, got {got}", *paths)
    for i, path in enumerate(paths):
        official, other = (known.get(f"{name} {FILES[k]}") for k in (i, (i + 2) % 4))
        if sums[path] == other:
            raise _FileError(f"{swapped} {FILES[i]}, got the other one", path)
        may_be_official = official and n[i] == tuple(OFFICIAL_SIZE.values())[i // 2]
        expected = official if may_be_official else known.get(str(path))
        if expected and sums[path] not in (expected, official):
            got = f"expected SHA-256 {expected[:12]}…, got {sums[path][:12]}…"
            raise _FileError(f"the content has changed; {got}", path)
    _remember({str(path): checksum for path, checksum in sums.items()})
    _report(name, n[0], n[2])
    return arrays


def _array(path: Path) -> np.ndarray:
    """What is in one file of the IDX format. Raises _FileError."""
    images = "images" in path.name
    idx = f"{'images of 28×28 pixels' if images else 'labels 0 to 9'} in the IDX format"
    if path.is_dir():
        raise _FileError(f"a folder stands in the file's place; expected {idx}, got a folder", path)
    if not path.exists():
        raise _FileError(f"the file is missing; expected {idx}, got nothing", path)
    content, header, kind = path.read_bytes(), 16 if images else 8, 0x803 if images else 0x801
    start, size = content[:header].ljust(header, b"\0"), len(content)
    zipped, page = start[:2] == b"\x1f\x8b", start.lstrip()[:1] == b"<"
    magic, n, *sides = map(int, np.frombuffer(start, ">u4"))
    length, shape = header + n * (784 if images else 1), "×".join(map(str, sides))
    resized = shape not in ("", "28×28")
    label = 0 if images else max(content[header:], default=0)
    checks = {  # the first that is true is the fault
        f"the file is compressed and must be unpacked; expected {idx}, got gzip data": zipped,
        f"this is a web page under the file's name; expected {idx}, got HTML": page,
        f"the file is cut; expected at least {header} bytes, got {size} bytes": size < header,
        f"the wrong kind of file; expected magic number {kind:#x}, got {magic:#x}": magic != kind,
        f"the pictures have the wrong size; expected 28×28 pixels, got {shape}": resized,
        "the file is empty inside; expected at least one entry, got a header that says 0": n == 0,
        "the length does not fit the header; expected"
        f" {length} bytes for {n} entries, got {size} bytes": size != length,
        f"a label is out of range; expected labels 0 to 9, got a label {label}": label > 9,
    }
    for fault, wrong in checks.items():
        if wrong:
            raise _FileError(fault, path)
    return np.frombuffer(content, np.uint8, offset=header).reshape(-1, *sides)


@functools.cache
def _report(name: str, n_train: int, n_test: int) -> None:
    if (n_train, n_test) != tuple(OFFICIAL_SIZE.values()):
        official = "{train:,} and {test:,}".format(**OFFICIAL_SIZE)
        here = f"{n_train:,} training and {n_test:,} test images"
        print(f"{name} here has {here} (the official set: {official}).")


def _manifest_path() -> Path:
    return own_folder() / ".cache" / "manifest.json"


def _manifest() -> dict[str, str]:
    """SHA-256 of official files by set and name, and of those in accepted sets by path."""
    known: dict[str, str] = {}
    with contextlib.suppress(OSError, ValueError, TypeError):  # not there, or broken
        known |= json.loads(_manifest_path().read_text(encoding="utf-8"))
    return known | {f"mnist {file}": checksum for file, checksum in OFFICIAL.items()}


def _remember(sums: dict[str, str]) -> None:
    known = _manifest()
    if not sums.items() <= known.items():
        with contextlib.suppress(OSError):  # a read-only checkout remembers nothing, and works
            atomic.write(_manifest_path(), json.dumps(known | sums, indent=1).encode())


def _fetch(name: str) -> dict[str, np.ndarray]:
    """Fetch what is missing or bad; in the project's own folder, what was there is set aside."""
    raw = folder() / LAYOUT[name] / "raw"
    try:
        raw.mkdir(parents=True, exist_ok=True)
        with FileLock(raw / ".lock"):
            for leftover in raw.glob(".*.part"):
                shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
            for _ in range(len(FILES) + 1):  # a file may turn out not to fit the fetched ones
                arrays, paths = _check(name)  # another process may have been faster
                if arrays:
                    return arrays
                print(f"Fetching {name}: {', '.join(path.name for path in paths)}")
                for path in paths:
                    _download(name, path)
    except OSError as error:
        raise UnavailableError(
            f"{name}: could not write to {raw}; expected room and permission, got:"
            f" {error.strerror or error}. What was there is unchanged. Make room or name another"
            " folder with COURSE_DATA, and run again."
        ) from error
    bad = ", ".join(map(str, paths))
    raise DataError(f"{name}: still bad after fetching: {bad}. Please report this.")


def _download(name: str, path: Path) -> None:
    """Write the official file, from the first mirror that has it; set aside what was there.

    Raises UnavailableError, and OSError where it cannot write.
    """
    import torchvision.datasets

    source, packed, failures = getattr(torchvision.datasets, LAYOUT[name]), f"{path.name}.gz", []
    md5 = f"md5:{dict(source.resources)[packed]}"
    pooch.get_logger().setLevel("WARNING")  # the course says itself what it fetches
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".", suffix=".part") as part:
        for mirror in source.mirrors:
            try:
                fetched = pooch.retrieve(
                    mirror + packed, md5, packed, part, pooch.Decompress(), _get
                )
                break
            except (ConnectionError, TimeoutError, ValueError) as error:
                failures.append(f"{mirror}: {error}")
        else:
            why = f"{path.name} could not be downloaded ({'; '.join(failures)})"
            raise UnavailableError(f"{name}: {why}. {how_to_get(name)}")
        _remember({f"{name} {path.name}": pooch.file_hash(fetched)})
        stamp = time.strftime("%Y%m%d-%H%M%S")
        aside = path.with_name(f"{path.name}.bad-{stamp}") if path.exists() else None
        atomic.write(path, Path(fetched).read_bytes(), aside)
    if aside:
        print(f"Set aside a file that was not as it should be: {aside}")


def _get(url: str, file: str, _: object) -> None:
    """pooch's downloader, with an end: TimeoutError if too few bytes come within SILENCE seconds.

    The time limit of `requests` starts anew with every byte and leaves out the look-up of the name,
    so a mirror that drips, or a name server that is silent, can only be watched from outside.
    Raises ConnectionError for all else that a mirror does wrong, ValueError for a web page.
    """
    body, done = io.BytesIO(), Future[None]()

    def work() -> None:
        try:
            done.set_result(pooch.HTTPDownloader(timeout=2 * SILENCE)(url, body, None))
        except Exception as error:  # of whatever kind: the mirror has failed
            if (answer := getattr(error, "response", None)) is not None:
                answer.close()  # pooch leaves it open
            reason = getattr(error.args and error.args[0], "reason", error)
            done.set_exception(ConnectionError(reason))

    threading.Thread(target=work, daemon=True).start()  # one that hangs does not keep Python alive
    seen = 0
    while not wait([done], SILENCE).done:
        before, seen = seen, body.tell()
        if seen - before < MINIMUM:
            raise TimeoutError(f"only {seen - before} bytes in {SILENCE} s")
    done.result()
    if body.getvalue().lstrip()[:1] == b"<":
        raise ValueError(f"expected gzip data, got a web page ({body.tell()} bytes)")
    Path(file).write_bytes(body.getvalue())

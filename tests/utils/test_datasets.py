"""Data that survives anything: every fault is found and named, nothing of the user's is touched,
every fetch is whole.
"""

import contextlib
import functools
import gzip
import hashlib
import http.server
import itertools
import multiprocessing
import os
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import numpy as np
import pooch
import pytest
import torchvision.datasets
from idx import idx_bytes, write_set

from course_utils import data, datasets

pytestmark = pytest.mark.slow

SIZES = {"train": 50, "t10k": 20}
SILENCE = datasets.SILENCE  # the real limit; `quick` shortens it
HANGS, WAITED_FOR = 60, "waited for"  # seconds after which a mirror notes that nobody gave it up
TRAIN_IMAGES, TRAIN_LABELS, TEST_IMAGES, TEST_LABELS = datasets.FILES


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """The seconds of silence that a mirror is given, shortened; the rule is the same."""
    monkeypatch.setattr(datasets, "SILENCE", 0.5)


@pytest.fixture
def own(no_settings, tmp_path):
    """An empty project folder, and no COURSE_DATA. Returns the folder of MNIST's raw files."""
    no_settings.setattr(datasets, "own_folder", lambda: tmp_path / "own")
    return tmp_path / "own" / "MNIST" / "raw"


@pytest.fixture
def users(own, no_settings, tmp_path):
    """A user's folder in COURSE_DATA, with a small consistent set."""
    no_settings.setenv("COURSE_DATA", str(tmp_path / "users"))
    raw = tmp_path / "users" / "MNIST" / "raw"
    write_set(raw, SIZES)
    return raw


class Mirror(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, in a way that `behaviour` names; counts what was asked for."""

    behaviour = "good"
    asked: list[str] = []
    over = threading.Event()  # set when nobody waits any longer

    def log_message(self, *_):
        pass

    def do_GET(self):  # noqa: N802 (the name is the base class's)
        self.asked.append(self.path)
        if self.behaviour in ("403", "503"):
            return self.send_error(int(self.behaviour))
        if self.behaviour == "redirect" and not self.path.endswith(".html"):
            self.send_response(302)
            self.send_header("Location", "/login.html")
            return self.end_headers()
        if self.path.endswith(".html"):
            return self.answer(b"<!doctype html><title>Please log in</title>")
        content = (Path(self.directory) / self.path.lstrip("/")).read_bytes()
        if self.behaviour == "short":
            return self.answer(content[: len(content) // 2], claimed=len(content))
        if self.behaviour == "flipped":
            middle = len(content) // 2
            return self.answer(
                content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
            )
        if self.behaviour == "silent":
            return self.over.wait(HANGS) or self.asked.append(WAITED_FOR)
        if self.behaviour == "dripping":
            return self.drip(content)
        return self.answer(content)

    def drip(self, content: bytes):
        self.send_response(200)
        self.end_headers()
        with contextlib.suppress(OSError):  # who asked has given up
            for byte in itertools.islice(itertools.cycle(content), 10 * HANGS):
                self.wfile.write(bytes([byte]))
                if self.over.wait(0.1):
                    return
            self.asked.append(WAITED_FOR)

    def answer(self, content: bytes, claimed: int | None = None):
        self.send_response(200)
        self.send_header("Content-Length", str(claimed or len(content)))
        self.end_headers()
        self.wfile.write(content)


@contextlib.contextmanager
def serving(folder: Path, behaviour: str = "good"):
    about = {"behaviour": behaviour, "asked": [], "over": threading.Event()}
    handler = type("Handler", (Mirror,), about)
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(handler, directory=str(folder))
    ) as server:
        server.daemon_threads, server.block_on_close = True, False
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/", handler.asked
        handler.over.set()
        server.shutdown()


@pytest.fixture
def official(monkeypatch, tmp_path):
    """A made set takes the place of MNIST's official one: (folder of compressed files, arrays)."""
    packed = tmp_path / "mirror"
    arrays = write_set(packed, SIZES, compressed=True, seed=7)
    checksums = [
        (f"{name}.gz", hashlib.md5((packed / f"{name}.gz").read_bytes()).hexdigest())
        for name in datasets.FILES
    ]
    monkeypatch.setattr(torchvision.datasets.MNIST, "resources", checksums)
    monkeypatch.setattr(
        datasets,
        "OFFICIAL",
        {name: hashlib.sha256(idx_bytes(array)).hexdigest() for name, array in arrays.items()},
    )
    monkeypatch.setattr(datasets, "OFFICIAL_SIZE", {"train": SIZES["train"], "test": SIZES["t10k"]})
    return packed, arrays


@pytest.fixture
def mirror(official, monkeypatch):
    """One good mirror of the made official set; returns what it was asked for."""
    with serving(official[0]) as (address, asked):
        monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [address])
        yield asked


def no_mirrors(monkeypatch):
    # Nobody listens there.
    monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", ["http://127.0.0.1:9/"])


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


# ---- faults at load ----


def cut(path):
    path.write_bytes(path.read_bytes()[:-100])


def first_bytes(n):
    return lambda path: path.write_bytes(path.read_bytes()[:n])


def magic(path):
    path.write_bytes(b"\0\0\x08\x07" + path.read_bytes()[4:])


def fewer_labels(path):
    path.write_bytes(idx_bytes(np.zeros(49, np.uint8)))


def wrong_size(path):
    path.write_bytes(idx_bytes(np.zeros((50, 32, 32), np.uint8)))


def high_label(path):
    path.write_bytes(idx_bytes(np.full(50, 10, np.uint8)))


def as_folder(path):
    path.unlink()
    path.mkdir()


FAULTS = {
    "truncated": (
        TRAIN_IMAGES,
        cut,
        "the length does not fit the header; expected 39216 bytes for 50 entries, got 39116 bytes",
    ),
    "longer": (
        TRAIN_LABELS,
        lambda p: p.write_bytes(p.read_bytes() + b"\0"),
        "expected 58 bytes for 50 entries, got 59 bytes",
    ),
    "empty": (
        TEST_IMAGES,
        first_bytes(0),
        "the file is cut; expected at least 16 bytes, got 0 bytes",
    ),
    "ten bytes": (
        TRAIN_IMAGES,
        first_bytes(10),
        "the file is cut; expected at least 16 bytes, got 10 bytes",
    ),
    "wrong magic": (
        TEST_LABELS,
        magic,
        "the wrong kind of file; expected magic number 0x801, got 0x807",
    ),
    "images for labels": (
        TEST_LABELS,
        lambda p: shutil.copy(p.with_name(TEST_IMAGES), p),
        "expected magic number 0x801, got 0x803",
    ),
    "wrong count": (
        TRAIN_LABELS,
        fewer_labels,
        "do not belong together; expected as many labels as images, got 50 images and 49",
    ),
    "wrong size": (
        TRAIN_IMAGES,
        wrong_size,
        "the pictures have the wrong size; expected 28×28 pixels, got 32×32",
    ),
    "label out of range": (
        TRAIN_LABELS,
        high_label,
        "a label is out of range; expected labels 0 to 9, got a label 10",
    ),
    "HTML": (
        TRAIN_IMAGES,
        lambda p: p.write_text("<html>404"),
        "this is a web page under the file's name",
    ),
    "gzip": (
        TEST_IMAGES,
        lambda p: p.write_bytes(gzip.compress(p.read_bytes())),
        "compressed and must be unpacked",
    ),
    "folder": (TRAIN_LABELS, as_folder, "a folder stands in the file's place"),
    "missing": (TEST_LABELS, lambda p: p.unlink(), "the file is missing"),
}
every_fault = pytest.mark.parametrize(("file", "spoil", "message"), FAULTS.values(), ids=FAULTS)


@every_fault
@pytest.mark.parametrize("name", ["auto", "mnist"])
def test_a_fault_in_the_users_folder_is_named_and_nothing_changes(
    users, monkeypatch, name, file, spoil, message
):
    no_mirrors(monkeypatch)
    spoil(users / file)
    before = contents(users)
    with pytest.raises(datasets.DataError) as caught:
        data.load(name, "train")
    said = str(caught.value)
    assert (
        message in said
        and str(users) in said
        and "Nothing was changed" in said
        and "unset COURSE_DATA" in said
    )
    assert contents(users) == before


@every_fault
def test_a_fault_in_the_projects_folder_is_set_aside_and_fetched_again(
    own, mirror, official, file, spoil, message, capsys
):
    data.load("mnist", "train")
    spoil(own / file)
    images = data.load("mnist", "train")
    np.testing.assert_array_equal(images.pixels[:, 0].numpy(), official[1][TRAIN_IMAGES])
    aside = list(own.glob("*.bad-*"))
    assert len(aside) == (file != TEST_LABELS or message != "the file is missing")
    assert len(mirror) == 5, "four files at first, then only the bad one"
    assert ("Set aside" in capsys.readouterr().out) == bool(aside)


def test_four_bad_files_are_set_aside_and_fetched_again(own, mirror):
    write_set(own, SIZES)
    for file, spoil in zip(datasets.FILES, (cut, first_bytes(0), magic, as_folder), strict=True):
        spoil(own / file)
    assert len(data.load("mnist", "train")) == 50
    assert len(mirror) == len(list(own.glob("*.bad-*"))) == 4


def test_test_files_in_both_places_are_found_by_their_content(own, mirror, no_settings, tmp_path):
    data.load("mnist", "train")
    copy = tmp_path / "copy" / "MNIST" / "raw"
    shutil.copytree(own, copy)
    for train, test in ((TRAIN_IMAGES, TEST_IMAGES), (TRAIN_LABELS, TEST_LABELS)):
        shutil.copy(own / test, copy / train)
    no_settings.setenv("COURSE_DATA", str(tmp_path / "copy"))
    with pytest.raises(datasets.DataError, match=f"swapped; expected {TRAIN_IMAGES}, got the"):
        data.load("mnist", "train")


def test_swapped_sets_are_found_by_their_counts(users):
    swap(users)
    with pytest.raises(
        datasets.DataError,
        match="training and test files are swapped.*got 20 training and 50 test images",
    ):
        data.load("mnist", "train")


def test_swapped_official_files_are_found_by_their_content(
    own, mirror, official, no_settings, tmp_path
):
    data.load("mnist", "train")
    copy = tmp_path / "copy" / "MNIST" / "raw"
    shutil.copytree(own, copy)
    swap(copy)
    no_settings.setenv("COURSE_DATA", str(tmp_path / "copy"))
    with pytest.raises(datasets.DataError, match="training and test files are swapped"):
        data.load("mnist", "test")


def swap(raw: Path):
    for train, test in ((TRAIN_IMAGES, TEST_IMAGES), (TRAIN_LABELS, TEST_LABELS)):
        (raw / train).rename(raw / "x")
        (raw / test).rename(raw / train)
        (raw / "x").rename(raw / test)


def flip(path: Path):
    content = bytearray(path.read_bytes())
    content[1000 if len(content) > 1000 else 20] ^= 1
    stamp = path.stat().st_mtime + 2  # a flip on disk keeps the time; a new process looks anyway
    path.write_bytes(content)
    os.utime(path, (stamp, stamp))


def test_official_files_are_known_at_the_first_load(own, official, no_settings, tmp_path):
    raw = tmp_path / "users" / "MNIST" / "raw"
    write_set(raw, SIZES, seed=7)
    flip(raw / TRAIN_IMAGES)
    no_settings.setenv("COURSE_DATA", str(tmp_path / "users"))
    with pytest.raises(
        datasets.DataError, match=f"{TRAIN_IMAGES}: the content has changed; expected SHA-256"
    ):
        data.load("mnist", "train")


def test_another_set_is_accepted_reported_and_remembered(users, capsys):
    datasets._report.cache_clear()
    data.load("mnist", "train")
    data.load("mnist", "test")
    said = capsys.readouterr().out
    assert (
        said
        == "mnist here has 50 training and 20 test images (the official set: 60,000 and 10,000).\n"
    )
    flip(users / TEST_IMAGES)
    with pytest.raises(
        datasets.DataError, match=f"{TEST_IMAGES}: the content has changed.*delete .*manifest.json"
    ):
        data.load("mnist", "train")
    datasets._manifest_path().unlink()
    assert len(data.load("mnist", "train")) == 50, "on purpose, then"


@pytest.mark.parametrize("content", ["{broken", "null", "[1]"])
def test_a_broken_manifest_is_no_obstacle(users, content):
    data.load("mnist", "train")
    datasets._manifest_path().write_text(content)
    assert len(data.load("mnist", "train")) == 50


def test_a_planted_pickle_is_ignored(users):
    folder_of_others = users.parent / "processed"
    folder_of_others.mkdir()
    for name in ("training.pt", "test.pt"):
        (folder_of_others / name).write_bytes(b"not to be opened")
    assert len(data.load("mnist", "train")) == 50


def test_the_real_constants_are_mnists():
    """The hashes of the test files are those of the published set; the lengths follow from the
    counts.
    """
    raw = datasets.folder() / "MNIST" / "raw"
    if not (raw / TEST_IMAGES).exists():
        pytest.skip("MNIST is not here; set COURSE_DATA to a folder that has it")
    for file in (TEST_IMAGES, TEST_LABELS):
        assert pooch.file_hash(raw / file) == datasets.OFFICIAL[file]


# ---- fetching ----


def test_an_empty_folder_is_filled(own, mirror, official):
    assert data.load("auto", "train").name == "mnist"
    assert sorted(mirror) == sorted(f"/{name}.gz" for name in datasets.FILES)
    for name, array in official[1].items():
        assert (own / name).read_bytes() == idx_bytes(array)
    data.load("auto", "test")
    assert len(mirror) == 4


def test_missing_official_files_are_added_to_the_users_official_ones(
    own, mirror, official, no_settings, tmp_path
):
    raw = tmp_path / "users" / "MNIST" / "raw"
    write_set(raw, SIZES, seed=7)
    (raw / TEST_LABELS).unlink()
    no_settings.setenv("COURSE_DATA", str(tmp_path / "users"))
    assert len(data.load("mnist", "test")) == 20 and mirror == [f"/{TEST_LABELS}.gz"]


@pytest.mark.parametrize(
    "behaviour", ["403", "503", "short", "flipped", "redirect", "silent", "dripping"]
)
def test_a_bad_mirror_is_given_up_and_the_next_one_asked(own, official, monkeypatch, behaviour):
    with serving(official[0], behaviour) as (bad, tried), serving(official[0]) as (good, asked):
        monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [bad, good])
        assert len(data.load("mnist", "train")) == 50
        assert len(asked) == 4 and tried and WAITED_FOR not in tried


@pytest.mark.parametrize("behaviour", ["503", "redirect", "silent"])
def test_without_a_good_mirror_the_message_says_what_each_answered(
    own, official, monkeypatch, behaviour
):
    with serving(official[0], behaviour) as (bad, _):
        monkeypatch.setattr(torchvision.datasets.MNIST, "mirrors", [bad, "http://127.0.0.1:9/"])
        with pytest.raises(datasets.UnavailableError) as caught:
            data.load("mnist", "train")
    said = str(caught.value)
    assert bad in said and "127.0.0.1:9" in said and "COURSE_DATA=<folder>" in said
    assert {"503": "503", "redirect": "a web page", "silent": "0 bytes in 0.5 s"}[behaviour] in said
    assert contents(own) in ({}, {".lock": b""})


@pytest.mark.exhaustive
def test_the_real_limits_answer_in_time():
    """Mirrors that never answer: each is left within 30 s, and after all of them there is an answer
    within 35 s.
    """
    assert SILENCE <= 30 and len(torchvision.datasets.MNIST.mirrors) * SILENCE <= 32


START = """
import hashlib, sys
import torchvision.datasets
from course_utils import data, datasets
from pathlib import Path
datasets.own_folder = lambda: Path({own!r})
datasets.OFFICIAL, datasets.OFFICIAL_SIZE = {official!r}, {size!r}
torchvision.datasets.MNIST.resources = {resources!r}
torchvision.datasets.MNIST.mirrors = [{address!r}]
"""


def script(own: Path, address: str) -> str:
    return START.format(
        own=str(own.parents[1]),
        official=datasets.OFFICIAL,
        size=datasets.OFFICIAL_SIZE,
        address=address,
        resources=torchvision.datasets.MNIST.resources,
    )


def forks(test):
    """Where processes can be forked. Beside a mirror's thread, Python 3.12 warns of it."""
    test = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")(
        test
    )
    return pytest.mark.skipif(sys.platform != "linux", reason="needs fork")(test)


def load_at_once(barrier, results):
    barrier.wait()
    try:
        results.put(len(data.load("mnist", "train")))
    except Exception as error:  # whatever it is, it is a failed start
        results.put(repr(error))


@forks
def test_four_processes_on_an_empty_folder_fetch_once(own, mirror):
    fork = multiprocessing.get_context("fork")
    for _ in range(20):
        shutil.rmtree(own.parents[1], ignore_errors=True)
        mirror.clear()
        barrier, results = fork.Barrier(4), fork.Queue()
        starts = [fork.Process(target=load_at_once, args=(barrier, results)) for _ in range(4)]
        for start in starts:
            start.start()
        assert [results.get(timeout=30) for _ in starts] == [50] * 4
        for start in starts:
            start.join()
        assert len(mirror) == 4


@forks
@pytest.mark.exhaustive
def test_killed_at_any_moment_the_next_start_repairs(own, mirror):
    fork = multiprocessing.get_context("fork")
    for moment in np.linspace(0, 0.06, 12):
        shutil.rmtree(own.parents[1], ignore_errors=True)
        victim = fork.Process(target=load_at_once, args=(fork.Barrier(1), fork.Queue()))
        victim.start()
        time.sleep(moment)
        victim.kill()
        victim.join()
        for path in own.glob("*-ubyte"):
            datasets._array(path)  # raises for a file that is not there in full
        assert len(data.load("mnist", "train")) == 50
        assert not list(own.glob(".*.part"))


def test_a_file_cut_by_a_killed_extraction_is_fetched_again(own, mirror):
    """What torchvision leaves behind, and never recovers from."""
    data.load("mnist", "train")
    (own / TRAIN_IMAGES).write_bytes((own / TRAIN_IMAGES).read_bytes()[:12345])
    assert len(data.load("mnist", "train")) == 50


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
def test_a_full_disk_leaves_what_was_there_and_works_once_there_is_space(
    own, mirror, official, monkeypatch
):
    """The system refuses to write more than 20 kB into one file, as a full disk does."""
    address = torchvision.datasets.MNIST.mirrors[0]
    data.load("mnist", "train")
    (own / TRAIN_IMAGES).write_bytes(b"cut")
    before = {name: content for name, content in contents(own).items() if name.endswith("ubyte")}
    limited = script(own, address) + textwrap.dedent("""
        import resource, signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))
        try:
            data.load("mnist", "train")
        except datasets.UnavailableError as error:
            sys.exit(str(error))
    """)
    run = subprocess.run([sys.executable, "-c", limited], capture_output=True, text=True)
    assert run.returncode == 1 and "File too large. What was there is unchanged" in run.stderr, (
        run.stderr
    )
    assert {
        name: content for name, content in contents(own).items() if name.endswith("ubyte")
    } == before
    assert len(data.load("mnist", "train")) == 50


def test_a_read_only_folder(own, mirror, monkeypatch, capsys):
    """Root may write everywhere, so the system's refusal is made."""

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(
        datasets.UnavailableError,
        match="could not write to .*Permission denied.*name another folder with COURSE_DATA",
    ):
        data.load("mnist", "train")
    data._noticed.clear()
    assert data.load("auto", "train").name == "digits"
    assert "1,797 digits" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["auto", "mnist"])
def test_a_folder_that_cannot_be_read_is_named(users, monkeypatch, name):
    """Root may read everything, so the system's refusal is made."""

    def refuse(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "is_file", refuse)
    with pytest.raises(
        datasets.DataError,
        match=f"{TRAIN_IMAGES} cannot be read.*Permission denied.*Nothing was changed",
    ):
        data.load(name, "train")


def test_a_read_only_folder_with_good_files_works(users, monkeypatch):
    monkeypatch.setattr(
        datasets.atomic,
        "write",
        lambda *_: (_ for _ in ()).throw(PermissionError(13, "Permission denied")),
    )
    assert len(data.load("mnist", "train")) == 50


def test_the_command_line_says_it_without_a_traceback(users, own):
    (users / TRAIN_IMAGES).write_bytes(b"<html>")
    environment = {**os.environ, "COURSE_DATA": str(users.parents[1]), "COURSE_DATASET": "mnist"}
    run = subprocess.run(
        [sys.executable, "-m", "course_utils", "train", "classifier"],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert (
        run.returncode == 1
        and "web page under the file's name" in run.stderr
        and "Traceback" not in run.stderr
    )

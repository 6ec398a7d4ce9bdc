"""Where a student's code runs: bubblewrap around a fresh Python that holds PyTorch and NumPy, and
nothing else of ours.

No network, no home, no other submission, no references, no `course_utils`; the system is read-only,
/tmp small and gone afterwards, the user nobody. A call reads one notebook, runs its functions, and
is over; no process sees two students.
"""

import importlib.metadata
import io
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
from packaging.requirements import Requirement

import course_utils
from course_tools.grading import extract, protocol
from course_tools.grading.inside import escape_attempts, lockdown
from course_tools.grading.inside import run as inside
from course_utils.errors import CourseError
from course_utils.exercises import calling
from course_utils.exercises.borrowed import HELD

FILES = tuple(
    Path(module.__file__)
    for module in (inside, lockdown, escape_attempts, protocol, calling, extract)
)
SETTINGS = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",
    "USER": "student",
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
}
NOBODY = "65534"
READ = 60.0  # seconds for starting Python and reading the notebook, on a busy machine
START = 120.0  # for starting PyTorch
SLACK = 10.0  # seconds on top of those of a task
# of a processor, for one task; honest ones take less than one, or a few where they loop in Python
SECONDS = 10.0
WALL = 40.0  # by the clock, for one task
TMP = 64_000_000  # bytes

HOW = """Grading runs code that nobody has read, and does so only in bubblewrap. Nothing was graded.
  Debian, Ubuntu   sudo apt install bubblewrap
  Fedora           sudo dnf install bubblewrap
  Windows          the same, inside WSL 2
  macOS, or where user namespaces are forbidden: in a container, see docker/grade.Dockerfile
Ubuntu 24.04 forbids user namespaces by default; the README says, under Grading, how to
allow them to bwrap alone.
--unsafe-no-sandbox runs the code with your rights and on your files: for code you have read."""


class SandboxError(CourseError):
    """There is no sandbox here, or not a tight one; says why and how to get one."""


@dataclass
class Visit:
    """What came out of the sandbox for one notebook.

    unreadable: why it is no notebook. lesson and answers: what was read in it, by name
    (`extract.Answer`). python: the version that wrote it, () if it does not say. ended: how each
    task that was run ended, "answer" or else. returned: the header and arrays of those that
    answered. failure: of ours.
    """

    unreadable: str | None = None
    lesson: str | None = None
    python: tuple[int, ...] = ()
    answers: dict[str, extract.Answer] = field(default_factory=dict)
    ended: dict[str, str] = field(default_factory=dict)
    returned: dict[str, tuple[dict, dict[str, np.ndarray]]] = field(default_factory=dict)
    failure: str | None = None


def visit(
    notebook: bytes,
    name: str,
    lessons: dict[str, str],
    inputs: Callable[[str], tuple[dict, dict]],
    *,
    safe: bool = True,
) -> Visit:
    """Read a notebook and run its functions, in a sandbox of its own.

    lessons: of every task. inputs: (lesson) → the rounds of its tasks as JSON, and their arrays.
    safe: in bubblewrap.
    """
    seen = Visit()
    try:
        with _started(safe) as (process, within):
            content = {"notebook": np.frombuffer(notebook, np.uint8)}
            within(READ)
            protocol.send(
                process.stdin,
                {"name": name, "lessons": lessons, "seconds": SECONDS, "wall": WALL},
                content,
            )
            header, _ = protocol.receive(process.stdout, 0)
            if "unreadable" in header:
                seen.unreadable = str(header["unreadable"])
                return seen
            seen.lesson, seen.python = header["lesson"], tuple(map(int, header["python"]))
            seen.answers = {
                task: extract.Answer(**answer) for task, answer in header["answers"].items()
            }
            written = {
                task for task, answer in seen.answers.items() if answer.status == extract.WRITTEN
            }
            if written:
                rounds, arrays = inputs(seen.lesson)
                within(START)
                protocol.send(
                    process.stdin,
                    {"tasks": {task: rounds[task] for task in rounds if task in written}},
                    arrays,
                )
                protocol.receive(process.stdout, 0)  # "ready"
            for _ in written:
                within(WALL + SLACK)
                _listen(process.stdout, seen, written)
    except (
        EOFError,
        OSError,
        protocol.ProtocolError,
        KeyError,
        TypeError,
        ValueError,
        AttributeError,
    ) as error:
        seen.failure = f"the sandbox ended early ({error.__class__.__name__})"
    return seen


def _listen(stream: BinaryIO, seen: Visit, written: set[str]) -> None:
    """Take down what came of one task; of what is said twice, the first counts."""
    header, arrays = protocol.receive(stream, inside.MOST)
    task, ended = header["task"], header["ended"]
    if task not in written or task in seen.ended:
        raise protocol.ProtocolError("a task that was not asked for")
    seen.ended[task] = ended
    if ended == "answer":
        try:
            answer = io.BytesIO(arrays["answer"].tobytes())
            seen.returned[task] = protocol.receive(answer, inside.MOST, text=20_000)
        except (EOFError, protocol.ProtocolError):
            seen.ended[task] = "forged"


@contextmanager
def _started(safe: bool) -> Iterator[tuple[subprocess.Popen, Callable[[float], None]]]:
    """What runs inside, listening, and a function that gives it some seconds more; killed when they
    are over, and at the end.
    """
    with tempfile.TemporaryDirectory() if not safe else nullcontext() as folder:
        process = subprocess.Popen(
            command("main") if safe else _unsafe(Path(folder)),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=SETTINGS, cwd="/", start_new_session=True,
        )  # fmt: skip
        watches: list[threading.Timer] = []

        def within(seconds: float) -> None:
            for watch in watches:
                watch.cancel()
            watches[:] = [threading.Timer(seconds, process.kill)]
            watches[0].daemon = True
            watches[0].start()

        try:
            yield process, within
        finally:
            within(0)
            process.kill()
            for stream in (process.stdin, process.stdout):
                with suppress(OSError):  # a broken pipe
                    stream.close()
            process.wait()
            watches[0].cancel()


def check(*hidden: Path) -> None:
    """Try to get out of a sandbox, and to see what is `hidden`. Raises `SandboxError`."""
    if sys.platform != "linux" or not shutil.which("bwrap"):
        raise SandboxError(f"There is no bubblewrap here.\n{HOW}")
    package = Path(course_utils.__file__).parent
    absent = [
        str(path.resolve())
        for path in (package, Path.home() / ".bashrc", Path("/etc/passwd"), *hidden)
    ]
    try:
        run = subprocess.run(
            command("probe", *absent),
            capture_output=True,
            text=True,
            timeout=START,
            env=SETTINGS,
            cwd="/",
        )
    except subprocess.TimeoutExpired as error:
        raise SandboxError(f"The sandbox did not start within {START:.0f} s.\n{HOW}") from error
    *possible, end = run.stdout.split() or [""]
    if run.returncode or end != "end":
        raise SandboxError(
            f"The sandbox does not start: {run.stderr.strip()[-500:] or run.returncode}\n{HOW}"
        )
    if possible:
        raise SandboxError(
            f"The sandbox is not tight; possible in it: {', '.join(possible)}.\n{HOW}"
        )


def command(*arguments: str) -> list[str]:
    """The command line that starts what runs inside in its sandbox.

    Root first becomes nobody, behind mounts that only root may be able to make, for the limits do
    not hold for root.
    """
    python = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    inner = [python, "-I", "-S", "/inside/run.py", *arguments]
    if os.geteuid() == 0:
        drop = [
            shutil.which("setpriv") or "setpriv",
            "--reuid",
            NOBODY,
            "--regid",
            NOBODY,
            "--clear-groups",
        ]
        inner = [
            *drop,
            *_bwrap("--unshare-user", "--disable-userns", "--dev-bind", "/", "/"),
            *inner,
        ]
        rights = ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        rights = [
            "--as-pid-1",
            "--unshare-user",
            "--disable-userns",
            "--uid",
            NOBODY,
            "--gid",
            NOBODY,
        ]
    return [
        *_bwrap(
            *rights, "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", *_view()
        ),
        *inner,
    ]


def _bwrap(*options: str) -> list[str]:
    return [shutil.which("bwrap") or "bwrap", "--die-with-parent", "--new-session", *options, "--"]


@cache
def _view() -> tuple[str, ...]:
    """What can be seen inside: the system's libraries, Python without its packages, PyTorch, NumPy,
    and what runs inside.
    """
    options: list[str] = []
    for name in ("/usr", "/lib", "/lib32", "/lib64", "/bin"):
        if os.path.islink(name):
            options += ["--symlink", os.readlink(name), name]
        elif os.path.isdir(name):
            options += ["--ro-bind", name, name]
    base = os.path.realpath(sys.base_prefix)
    for folder in (
        *reversed(Path(base).parents),
        "/site",
        "/inside",
        "/etc",
        "/sys",
        "/sys/devices",
        "/sys/devices/system",
    ):
        options += ["--perms", "0755", "--dir", str(folder)]
    if not base.startswith("/usr"):
        options += ["--ro-bind", base, base]
    for place in ("/etc/ld.so.cache", "/sys/devices/system/cpu"):
        options += ["--ro-bind-try", place, place]
    places = ("lib/python3*", "lib64/python3*", "local/lib/python3*")
    installed = {
        path
        for root in (base, "/usr")
        for place in places
        for path in Path(root).glob(f"{place}/*-packages")
    }
    for path in sorted(installed):
        options += ["--tmpfs", str(path), "--remount-ro", str(path)]
    for source in _distributions():
        options += ["--ro-bind", str(source), f"/site/{source.name}"]
    for source in FILES:
        options += ["--ro-bind", str(source), f"/inside/{source.name}"]
    options += ["--proc", "/proc", "--dev", "/dev", "--remount-ro", "/dev"]
    options += ["--perms", "1777", "--size", str(TMP), "--tmpfs", "/tmp"]
    return (*options, "--chdir", "/tmp", "--remount-ro", "/")


@cache
def _distributions() -> tuple[Path, ...]:
    """The top-level files and folders of PyTorch and NumPy, and of what they need."""
    found: dict[str, Path] = {}
    wanted: list[tuple[str, frozenset[str]]] = [(name, frozenset()) for name in HELD]
    seen: set[tuple[str, frozenset[str]]] = set()
    while wanted:
        name, extras = wanted.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            distribution = importlib.metadata.distribution(name)
        except importlib.metadata.PackageNotFoundError:
            continue
        if distribution.files is None:
            raise SandboxError(
                f"{name} was not installed by pip or conda, so its files are unknown. Grade in a"
                " virtual environment."
            )
        for file in distribution.files:
            top = file.parts[0]
            if top not in ("..", "__pycache__") and not top.endswith(
                (".dist-info", ".egg-info", ".pth")
            ):
                found[top] = Path(str(distribution.locate_file(top))).resolve()
        for line in distribution.requires or ():
            needed = Requirement(line)
            if needed.marker is None or any(
                needed.marker.evaluate({"extra": extra}) for extra in extras | {""}
            ):
                wanted.append((needed.name, frozenset(needed.extras)))
    return tuple(path for _, path in sorted(found.items()) if path.exists())


def _unsafe(folder: Path) -> list[str]:
    """What runs inside without a sandbox, beside copies of what it needs."""
    for source in FILES:
        shutil.copy(source, folder)
    return [sys.executable, str(folder / "run.py"), "unsafe"]

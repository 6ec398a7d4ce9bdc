"""The sandbox for a student's code: bubblewrap around a Python with PyTorch, NumPy and SciPy.

In it there is no network, no home folder, no other submission, no reference and no
`course_utils`. The system is read-only, /tmp is small and deleted afterwards, the user is nobody.
A process reads one notebook, runs its functions and ends; none sees two students.

To load PyTorch takes longer than all the rest. So a template loads it, reads nothing, and forks:
every notebook gets a fork in namespaces of its own (`inside/template.py`). Where the system does
not allow that inside of bubblewrap, as Ubuntu's AppArmor profile does not, every notebook gets a
bubblewrap of its own, and loads PyTorch itself.
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

import numpy as np
from packaging.requirements import Requirement

import course_utils
from course_tools.grading import extract, protocol
from course_tools.grading.inside import packing
from course_tools.grading.template import Fork, Template
from course_utils import names
from course_utils.errors import CourseError
from course_utils.exercises import calling
from course_utils.exercises.borrowed import HELD
from course_utils.exercises.check import LIMIT

FILES = (
    *sorted((Path(__file__).parent / "inside").glob("[a-z]*.py")),
    *(Path(module.__file__) for module in (protocol, calling, extract, names)),
)
# Without a compiler in the sandbox, torch.compile would fail: so it leaves functions as they are.
NEUTRAL = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TORCHDYNAMO_DISABLE": "1"}
SETTINGS = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",
    "USER": "student",
    "LANG": "C.UTF-8",
    "PYTHONDONTWRITEBYTECODE": "1",
    **NEUTRAL,
}
NOBODY = "65534"
READ = 60.0  # seconds for starting Python and reading the notebook, on a busy machine
START = 120.0  # for starting PyTorch
SLACK = 10.0  # seconds on top of those of a task
# Processor time for one task: honest answers take less than one second, or several where they loop
# in Python over single numbers.
SECONDS = float(LIMIT)
WALL = 120.0  # seconds by the clock, for one task and all that stands above it
TMP = 64_000_000  # bytes

HOW = """Grading runs code that nobody has read, so it needs bubblewrap. Nothing was graded.
  Debian, Ubuntu   sudo apt install bubblewrap
  Fedora           sudo dnf install bubblewrap
  Windows          the same, inside WSL 2
  macOS, or where user namespaces are forbidden: in a container, see docker/grade.Dockerfile
Ubuntu 24.04 forbids user namespaces by default; docs/teaching.md says, under Grading, how
to allow them to bwrap alone.
--unsafe-no-sandbox runs the code with your rights and on your files: for code you have read."""


# Holds the template of every thread: bubblewrap ends with the thread that has started it.
_own = threading.local()


class SandboxError(CourseError):
    """There is no sandbox here, or it has gaps; the message says why and how to get one."""


class SandboxLostError(Exception):
    """The process that reads a notebook has ended, or sends what makes no sense."""


@dataclass(frozen=True)
class Try:
    """A place where the answer to a task may stand.

    Attributes:
        place: the number of the statement that calls `verify` for it, or `extract.AT_END`.
        until: the number of the last cell to run; None for all.
        everything: whether to compute values of the lesson's own cells, too.
    """

    place: int
    until: int | None = None
    everything: bool = False


@dataclass
class Outcome:
    """The result of one try.

    Attributes:
        ended: "answer", or how it ended otherwise.
        header: of an answer. The student's process wrote it: nothing in it is to be trusted.
        arrays: of an answer, by name; not to be trusted, either.
    """

    ended: str
    header: dict = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass
class Reading:
    """A notebook in its sandbox.

    Attributes:
        process: the sandbox.
        within: gives the process some seconds from now, after which it is killed.
        started: whether PyTorch is loaded in it.
        unreadable: why it is no notebook; None if it is one.
        lessons: the lessons that it answers.
        tasks: where it deals with each task.
        answers: the answers in words, by the tag of the question.
        python: the version of Python that wrote it; () if it does not say.
    """

    process: subprocess.Popen | Fork
    within: Callable[[float], None]
    started: bool = False
    unreadable: str | None = None
    lessons: tuple[str, ...] = ()
    tasks: dict[str, extract.Found] = field(default_factory=dict)
    answers: dict[str, str] = field(default_factory=dict)
    python: tuple[int, ...] = ()

    def run(self, task: str, chosen: Try, rounds: list, arrays: dict) -> Outcome:
        """Run the notebook up to an answer, and the answer on all rounds.

        Args:
            task: name of the task.
            chosen: where the answer may stand.
            rounds: the packed inputs of every round.
            arrays: the arrays of the inputs, by name.

        Raises:
            SandboxLostError: where the process has ended.
        """
        request = {"task": task, "rounds": rounds, "seconds": SECONDS, "wall": WALL, **vars(chosen)}
        try:
            self.within(WALL + SLACK if self.started else START)
            protocol.send(self.process.stdin, request, arrays)
            if not self.started:  # it loads PyTorch first, before any code of the student
                protocol.receive(self.process.stdout, 0)
                self.started = True
                self.within(WALL + SLACK)
            reply, sent = protocol.receive(self.process.stdout, packing.MOST)
            outcome = Outcome(str(reply["ended"]))
            content = io.BytesIO(sent["answer"].tobytes())
        except (EOFError, OSError, KeyError, protocol.ProtocolError) as error:
            raise SandboxLostError(error.__class__.__name__) from error
        if outcome.ended == "answer":
            try:
                answer = protocol.receive(content, packing.MOST, text=20_000)
                outcome.header, outcome.arrays = answer
            except (EOFError, protocol.ProtocolError):
                outcome.ended = "forged"
        return outcome


@contextmanager
def reading(
    notebook: bytes, name: str, lessons: dict[str, str], course: dict, *, kind: str = "main"
) -> Iterator[Reading]:
    """Read a notebook in a process of its own, which ends with the block.

    Args:
        notebook: its content.
        name: of its file.
        lessons: the lesson of every task.
        course: `extract.fingerprints` and `extract.questions` of the lessons.
        kind: "main" in bubblewrap, "unsafe" without it, "own" on the student's own machine.

    Raises:
        SandboxLostError: where the process has ended.
    """
    with _started(kind) as (process, within):
        seen = Reading(process, within)
        about = {"name": name, "lessons": lessons, "course": course, "held": held(kind)}
        try:
            within(READ)
            content = {"notebook": np.frombuffer(notebook, np.uint8)}
            protocol.send(process.stdin, about, content)
            header, _ = protocol.receive(process.stdout, 0)
            if "unreadable" in header:
                seen.unreadable = str(header["unreadable"])
            else:
                seen.lessons = tuple(header["lessons"])
                seen.python = tuple(map(int, header["python"]))
                seen.tasks = {
                    task: extract.Found(**{**place, "checks": tuple(place["checks"])})
                    for task, place in header["tasks"].items()
                }
                seen.answers = {tag: str(text) for tag, text in header["answers"].items()}
        except (EOFError, OSError, KeyError, TypeError, ValueError, AttributeError) as error:
            raise SandboxLostError(error.__class__.__name__) from error
        yield seen


@contextmanager
def _started(kind: str) -> Iterator[tuple[subprocess.Popen | Fork, Callable[[float], None]]]:
    """Start the process; yield it and a function that sets after how many seconds it is killed."""
    with tempfile.TemporaryDirectory() if kind != "main" else nullcontext() as folder:
        if kind == "main":
            process = _fork() if forks() else _popen(command("main"), SETTINGS, "/")
        else:
            process = _popen(
                _without_sandbox(Path(folder), kind), {**os.environ, **NEUTRAL}, folder
            )
        watches: list[threading.Timer] = []

        def stop() -> None:  # and wait: none may kill what has long ended
            for watch in watches:
                watch.cancel()
                watch.join()

        def within(seconds: float) -> None:
            stop()
            watches[:] = [threading.Timer(seconds, process.kill)]
            watches[0].daemon = True
            watches[0].start()

        try:
            yield process, within
        finally:
            stop()
            process.kill()
            for stream in (process.stdin, process.stdout):
                with suppress(OSError):  # a broken pipe
                    stream.close()
            process.wait()


def _popen(command: list[str], environment: dict[str, str], folder: str) -> subprocess.Popen:
    return subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        env=environment, cwd=folder, start_new_session=True,
    )  # fmt: skip


def _fork() -> Fork:
    """Return a process of this thread's template, which is started if there is none."""
    kept: Template | None = getattr(_own, "template", None)
    if kept is None or not kept.alive:
        kept = _own.template = Template(command("template"), SETTINGS)
    try:
        return kept.fork(START)
    except (OSError, EOFError) as error:
        raise SandboxLostError(error.__class__.__name__) from error


@cache
def forks() -> bool:
    """Return whether a process in bubblewrap can give another one namespaces of its own."""
    try:
        os.close(os.pidfd_open(os.getpid()))
    except (AttributeError, OSError):  # an old kernel, or a Python built for one
        return False
    tried = subprocess.run(command("namespaces"), capture_output=True, env=SETTINGS, cwd="/")
    return tried.returncode == 0


def check(*hidden: Path) -> None:
    """Try to leave a sandbox, and to see paths that must be hidden.

    Args:
        hidden: further paths that must not be visible inside.

    Raises:
        SandboxError: where there is no sandbox, or an attempt succeeds.
    """
    if sys.platform != "linux" or not shutil.which("bwrap"):
        raise SandboxError(f"There is no bubblewrap here.\n{HOW}")
    package = Path(course_utils.__file__).parent
    outside = (package, *_home(), Path("/etc/passwd"), *hidden)
    absent = [str(path.resolve()) for path in outside]
    probe = ["namespaces", "probe"] if forks() else ["probe"]
    try:
        run = subprocess.run(
            command(*probe, *absent),
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
        raise SandboxError(f"The sandbox has gaps; possible in it: {', '.join(possible)}.\n{HOW}")


def _home() -> list[Path]:
    """Return a file of the home folder, where that is known: a service may have none."""
    try:
        return [Path.home() / ".bashrc"]
    except RuntimeError:
        return []


def command(*arguments: str) -> list[str]:
    """Return the command line that starts a script in its sandbox.

    Root first becomes nobody, because the limits do not hold for root. It does so behind mounts
    that perhaps only root may make. What makes further namespaces keeps the right to, and its fork
    becomes nobody (`inside/lockdown.py`).

    Args:
        arguments: of the script.
    """
    python = os.path.realpath(getattr(sys, "_base_executable", sys.executable))
    inner = [python, "-I", "-S", "/inside/run.py", *arguments]
    namespaces = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    makes_more = arguments[0] in ("namespaces", "template")
    rights = ["--cap-add", "CAP_SYS_ADMIN"] if makes_more else []
    if os.geteuid() != 0:
        rights += ["--as-pid-1", "--unshare-user", "--disable-userns"]
        rights += ["--uid", NOBODY, "--gid", NOBODY]
    else:
        rights += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
        if not makes_more:
            drop = [shutil.which("setpriv") or "setpriv", "--reuid", NOBODY, "--regid", NOBODY]
            nobody = _bwrap("--unshare-user", "--disable-userns", "--dev-bind", "/", "/")
            inner = [*drop, "--clear-groups", *nobody, *inner]
    return [*_bwrap(*rights, *namespaces, *_view()), *inner]


def _bwrap(*options: str) -> list[str]:
    return [shutil.which("bwrap") or "bwrap", "--die-with-parent", "--new-session", *options, "--"]


# One list of mounts: bubblewrap makes them in this order.
@cache
def _view() -> tuple[str, ...]:
    """Return the mounts: the system's libraries, Python without packages, PyTorch, the scripts."""
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
    """Return the top-level files and folders of the packages `HELD` and of those they need."""
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


def held(kind: str) -> list[str]:
    """Return the packages that a grader has, for a process that runs without a sandbox.

    A sandbox needs no such list: it hides all other packages.
    """
    if kind == "main":
        return []
    try:
        return [path.name.partition(".")[0] for path in _distributions()]
    except SandboxError:  # their files are unknown: the packages themselves, and what PyTorch needs
        return [*HELD, "typing_extensions", "sympy", "mpmath", "filelock", "jinja2", "networkx"]


def _without_sandbox(folder: Path, kind: str) -> list[str]:
    """Return the command line without a sandbox, and copy the scripts to a folder."""
    for source in FILES:
        shutil.copy(source, folder)
    return [sys.executable, str(folder / "run.py"), kind]

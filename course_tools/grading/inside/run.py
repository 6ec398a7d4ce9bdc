"""The script that runs in the sandbox: it reads one notebook and runs the answers in it.

It is started there with the other files of `sandbox.FILES` beside it, and without `course_utils`.
First it reports which tasks are in the notebook. Then, for every place where an answer to a task
may stand, it runs the notebook up to there, each time in a process of its own, and calls the
student's function on the inputs it was given. Once the first statement of a student has run, the
grader trusts nothing that comes out of this script.
"""

import gc
import importlib.abc
import io
import mmap
import os
import sys
import time
import warnings
from importlib.machinery import PathFinder

# Seconds by the clock. A process that used no processor time for so long waits for something that
# never comes; even on the busiest machine, one that computes gets a little.
IDLE = 20.0
RETRIES = 3  # statements of a notebook that may end Python before the rest is given up
LATE = 60  # numbers of late statements that fit beside the present one in the shared memory


def main(kind: str) -> None:
    """Read the notebook, then run one request after the other until there are no more.

    Args:
        kind: "main" in the sandbox; "unsafe" without one; "own" on the student's own machine, where
            nothing is limited.
    """
    import extract
    import protocol

    stdin, stdout = _lines(kind)
    about, sent = protocol.receive(stdin, 4 * extract.LARGEST)
    if kind != "main":
        held = Held(about["held"])
        sys.meta_path[:] = [held if each is PathFinder else each for each in sys.meta_path]
    try:
        notebook = extract.parse(sent["notebook"].tobytes(), about["name"])
        cells = extract.code_cells(notebook)
    except extract.UnreadableError as error:
        protocol.send(stdout, {"unreadable": str(error)})
        return
    statements = extract.statements(cells, about["course"])
    lessons, found = extract.tasks_in(cells, statements, about["lessons"])
    read = {"lessons": lessons, "tasks": {name: vars(place) for name, place in found.items()}}
    read["answers"] = extract.think_answers(notebook, about["course"])
    protocol.send(stdout, {**read, "python": extract.python_of(notebook)})
    session = None
    while True:
        try:
            request, arrays = protocol.receive(stdin, 100_000_000)
        except EOFError:
            return
        if session is None:
            session = Session(cells, statements, kind)
            protocol.send(stdout, {"ready": True})
        ended, answer = session.answer(request, arrays)
        protocol.send(stdout, {"ended": ended}, {"answer": answer})


def _lines(kind: str) -> tuple:
    """Return the streams from and to the grader; what a student prints goes nowhere."""
    if kind == "main":
        import resource

        import lockdown

        lockdown.shut()
        # Reading a notebook has a limit of memory, too. PyTorch needs more, and is loaded later.
        whole = resource.getrlimit(resource.RLIMIT_AS)
        most = lockdown.occupied() + 2 * lockdown.MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (most, whole[1]))
    stdin, stdout = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    for descriptor in (0, 1, 2):
        os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
    return stdin, stdout


class Held(importlib.abc.MetaPathFinder):
    """Finds only packages that a grader has, where no sandbox hides the others.

    It takes the place of `PathFinder`.

    Args:
        held: names of these packages.
    """

    def __init__(self, held: list[str]) -> None:
        self.held = {*held, *sys.stdlib_module_names}

    def find_spec(self, name, path=None, target=None):
        """Find a module if a grader has it."""
        root = name.partition(".")[0]
        beside = os.path.exists(os.path.join(os.path.dirname(__file__), f"{root}.py"))
        # It belongs to Python itself, but is not in `sys.stdlib_module_names`.
        settings = root.startswith("_sysconfigdata")
        known = root in self.held or beside or settings
        return PathFinder.find_spec(name, path, target) if known else None


class Session:
    """Runs of one notebook, each in a process of its own that knows of no other one.

    Args:
        cells: the code cells of the notebook.
        statements: its statements.
        kind: as in `main`.
    """

    def __init__(self, cells: list, statements: list, kind: str) -> None:
        self.cells, self.statements, self.kind = cells, statements, kind
        self.skipped: set[int] = set()
        # Memory shared with the run's process. It notes there at which statement it is, so that
        # this is known after it has died.
        self.shared = mmap.mmap(-1, 4 * (2 + LATE))
        self.retries = RETRIES
        if kind == "main":
            import resource

            soft, hard = resource.getrlimit(resource.RLIMIT_AS)
            resource.setrlimit(resource.RLIMIT_AS, (hard, hard))
        import template
        import torch

        template.load(name for name in template.SLOW if name in _sources(statements))
        torch.set_num_threads(1)
        # The first backward pass sets up what later ones use, before the limits hold.
        torch.ones(2, requires_grad=True).sum().backward()
        gc.freeze()  # the children of a fork then need no memory of their own for these objects

    def answer(self, request: dict, arrays: dict) -> tuple:
        """Return how a run ended, and the bytes that it wrote.

        A statement of the notebook that ends Python, or never ends, is left out of a second run.

        Args:
            request: what the grader sent.
            arrays: the arrays of the inputs, by name.
        """
        end = time.monotonic() + request["wall"]
        while True:
            self._write_notes(0, 0)
            left = max(1.0, end - time.monotonic())
            ended, answer = self._run(request, arrays, left)
            at, late = self._read_notes()
            self.skipped |= late
            if ended in ("answer", "killed") or at < 0:
                return ended, answer
            if at in self.skipped or not self.retries or time.monotonic() > end:
                return "lost", answer
            self.retries -= 1
            self.skipped.add(at)

    def _run(self, request: dict, arrays: dict, wall: float) -> tuple:
        def work(out) -> None:
            if self.kind == "main":
                import lockdown

                lockdown.refuse_signals()
            attempt(out, self, request, arrays)

        if hasattr(os, "fork"):
            return in_own_process(work, request["seconds"], wall, limited=self.kind != "own")
        out = io.BytesIO()  # Windows cannot fork; there the caller limits the time
        work(out)
        return "answer", _bytes(out.getvalue())

    def at(self, number: int) -> None:
        """Note the number of the statement that runs now."""
        self.shared[:4] = number.to_bytes(4, "little", signed=True)

    def late(self, number: int) -> None:
        """Note the number of a statement that took too long."""
        n = self.shared[4]
        if n < LATE:
            self.shared[8 + 4 * n : 12 + 4 * n] = number.to_bytes(4, "little")
            self.shared[4] = n + 1

    def _write_notes(self, at: int, n: int) -> None:
        self.at(at)
        self.shared[4] = n

    def _read_notes(self) -> tuple[int, set[int]]:
        n = min(self.shared[4], LATE)
        numbers = (self.shared[8 + 4 * i : 12 + 4 * i] for i in range(n))
        at = int.from_bytes(self.shared[:4], "little", signed=True)
        return at, {int.from_bytes(number, "little") for number in numbers}


def _sources(statements: list) -> set[str]:
    """Return the modules from which statements import something."""
    return {getattr(statement.node, "module", None) for statement in statements}


def _bytes(content: bytes):
    import numpy as np

    return np.frombuffer(content, np.uint8)


def in_own_process(work, seconds: float, wall: float, *, limited: bool) -> tuple:
    """Call `work(stream)` in a process of its own, within limits.

    Args:
        work: writes its answer to the stream.
        seconds: of processor time for the answer, and as many for what stands above it.
        wall: seconds by the clock.
        limited: whether the limits of `lockdown` hold.

    Returns:
        How it ended and what it wrote. "slow": it was still computing after `wall` seconds, on a
        machine with too much to do. "time": it used up its processor time, or waited in vain.
        "killed": the system ended it, as it does where there is no memory left.
    """
    import signal

    import lockdown
    from packing import MOST

    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.closerange(3, writer)  # among them the stream to the grader
            os.closerange(writer + 1, 256)
            if limited:
                lockdown.limit(2 * seconds)
            with os.fdopen(writer, "wb") as out:
                work(out)
        finally:
            os._exit(0)
    os.close(writer)
    written, ended = _listen(reader, child, wall)
    os.close(reader)
    signalled, used = _end(child, 5.0 if ended == "answer" else 0.0)
    if ended == "answer" and (not written or signalled == signal.SIGKILL):
        if signalled == signal.SIGKILL and limited and used >= 2 * seconds:
            signalled = signal.SIGXCPU  # it had ignored the signal of the first limit
        ends = {None: "exit", 0: "exit", signal.SIGXCPU: "time", signal.SIGKILL: "killed"}
        ended = ends.get(signalled, "crash")
    if len(written) > MOST:
        ended = "size"
    return ended, _bytes(written[:MOST])


def _end(child: int, seconds: float) -> tuple:
    """Wait some seconds for a process to end, and else kill it.

    Returns:
        The signal that ended it: 0 if there was none, None if it had to be killed here; and its
        seconds of processor time.
    """
    import signal

    until, here = time.monotonic() + seconds, False
    while True:
        ended, status, used = os.wait4(child, 0 if here else os.WNOHANG)
        if ended:
            by = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
            killed_here = here and by == signal.SIGKILL
            return None if killed_here else by, used.ru_utime + used.ru_stime
        if time.monotonic() < until:
            time.sleep(0.01)
        else:
            os.kill(child, signal.SIGKILL)
            here = True


def _listen(reader: int, child: int, wall: float) -> tuple[bytes, str]:
    """Return what a process writes, and why reading ended: "answer", "time" or "slow"."""
    import select

    from packing import MOST

    written, end = bytearray(), time.monotonic() + wall
    used, since = 0.0, time.monotonic()
    while (now := time.monotonic()) < end and len(written) <= MOST:
        if select.select([reader], [], [], min(1.0, end - now))[0]:
            chunk = os.read(reader, 1 << 20)
            written += chunk
            if not chunk:
                return bytes(written), "answer"
        elif (seconds := _processor(child)) != used:
            used, since = seconds, now
        elif now - since > IDLE:
            return bytes(written), "time"
    return bytes(written), "slow"


def _processor(process: int) -> float:
    """Return a process's processor time in clock ticks, or a number that grows if it is unknown."""
    try:
        with open(f"/proc/{process}/stat", "rb") as file:
            fields = file.read().rpartition(b")")[2].split()
        return float(fields[11]) + float(fields[12])
    except OSError:
        return time.monotonic()


def attempt(out, session: Session, request: dict, arrays: dict) -> None:
    """Run the notebook to the requested place, call the function there on all rounds, and reply."""
    import lockdown
    import protocol
    import replay

    send = protocol.send  # kept here, because the student's code may change the module

    def answer(function: object) -> None:
        if session.kind == "main":
            lockdown.limit_processor(request["seconds"])
        header, returned = _answered(function, run, request, arrays)
        send(out, {**header, "checked": run.checked}, returned)

    run = replay.Replay(
        session.cells, session.statements, request["task"], answer,
        place=request["place"], until=request["until"], everything=request["everything"],
        skipped=session.skipped, at=session.at, late=session.late,
    )  # fmt: skip
    run.run()
    if not run.found:  # `verify` was not reached
        send(out, {"missing": None, "why": None, "checked": run.checked})


def _answered(function: object, run, request: dict, arrays: dict) -> tuple[dict, dict]:
    """Return what a function returns on every round: a header, and its arrays."""
    import calling
    import packing

    described, is_the_stub = calling.described, calling.is_the_stub
    if not callable(function):
        kind = None if function is None else type(function).__name__
        return {"missing": kind, "why": run.absent.get(request["task"])}, {}
    header: dict = {"values": [], "cell": run.bound}
    returned: dict = {}
    try:
        for i, inputs in enumerate(request["rounds"]):
            known = {key: packing.unpacked(value, arrays) for key, value in inputs.items()}
            with warnings.catch_warnings():  # as in `verify`
                warnings.simplefilter("ignore")
                value = calling.call(function, known)
            header["values"].append(packing.packed(f"{i}", value, returned))
    except BaseException as error:
        name = getattr(error, "name", None) if isinstance(error, NameError) else None
        said = {"error": described(error)[:500], "stub": is_the_stub(error)}
        return {**said, "name": name, "why": run.absent.get(name), "cell": run.bound}, {}
    return header, returned


def start(kind: str) -> None:
    """Do what the command line says.

    Args:
        kind: as in `main`; or "probe" tries to leave the sandbox; "template" forks a process for
            each notebook; "namespaces" does what comes after it in such a process.
    """
    if kind == "probe":
        from escape_attempts import probe

        probe()
    elif kind == "template":
        import template

        template.serve(lambda: main("main"))
    elif kind == "namespaces":
        import template

        def following() -> None:
            if sys.argv[1:]:
                start(sys.argv[1])

        del sys.argv[1]
        child = template.in_namespaces(following)
        sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    else:
        main(kind)


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    sys.path.append("/site")
    start(sys.argv[1])

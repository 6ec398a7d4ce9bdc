"""What runs in the sandbox: it reads one notebook and calls the student's functions on the inputs it is given.

A script that is started there with `channel`, `calling` and `submissions` beside it, and without `course_utils`. The grader
trusts nothing that comes out of it once the first function of a student has run.
"""

import __future__

import gc
import importlib.util
import io
import math
import os
import select
import signal
import sys
import time
import warnings
from pathlib import Path

MOST = 8_000_000  # bytes of an answer
MEMORY = 2_000_000_000  # bytes that one task may take on top of PyTorch
FILE = 32_000_000  # bytes of a file
WAITED = 1.0  # seconds of a processor; what used less until its time was over did not compute


def main() -> None:
    import resource

    import channel
    import submissions

    if sys.argv[1] == "main":  # not where there is no sandbox
        shut()
    stdin, stdout = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    for descriptor in (0, 1, 2):  # what a student prints goes nowhere
        os.dup2(os.open(os.devnull, os.O_RDWR), descriptor)
    whole = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (2 * MEMORY, whole[1]))  # reading may not take all there is, either
    request, sent = channel.receive(stdin, 4 * submissions.LARGEST)
    try:
        notebook = submissions.parse(sent["notebook"].tobytes(), request["name"])
        cells = submissions.code_cells(notebook)
    except submissions.Unreadable as error:
        channel.send(stdout, {"unreadable": str(error)})
        return
    lessons = request["lessons"]
    lesson = submissions.lesson_of(cells, lessons)
    found = submissions.answers(cells, [task for task in lessons if lessons[task] == lesson])
    told = {"lesson": lesson, "answers": {name: vars(answer) for name, answer in found.items()}}
    channel.send(stdout, {**told, "python": submissions.python_of(notebook)})
    if any(answer.status == submissions.WRITTEN for answer in found.values()):
        resource.setrlimit(resource.RLIMIT_AS, whole)
        import torch

        torch.set_num_threads(1)
        torch.ones(2, requires_grad=True).sum().backward()  # what it sets up once, before the limits
        gc.freeze()
        channel.send(stdout, {"ready": True})
        inputs, arrays = channel.receive(stdin, 100_000_000)
        stdin.close()
        for name, rounds in inputs["tasks"].items():
            ended, answer = apart(
                lambda out, name=name, rounds=rounds: attempt(out, name, found[name].source, rounds, arrays),
                request["seconds"],
                request["wall"],
            )
            channel.send(stdout, {"task": name, "ended": ended}, {"answer": answer})


def apart(work, seconds: float, wall: float) -> tuple:
    """Call `work(stream)` in a process of its own, within limits. Returns how it ended and what it wrote.

    seconds: of a processor. wall: by the clock; "slow" is what was at work then, on a machine that has too much to do.
    """
    import numpy as np

    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.closerange(3, writer)  # the grader's channel among them
            os.closerange(writer + 1, 256)
            limit(seconds)
            with os.fdopen(writer, "wb") as out:
                work(out)
        finally:
            os._exit(0)
    os.close(writer)
    written, end, ended = bytearray(), time.monotonic() + wall, "time"
    while (left := end - time.monotonic()) > 0 and len(written) <= MOST:
        if select.select([reader], [], [], left)[0]:
            chunk = os.read(reader, 1 << 20)
            written += chunk
            if not chunk:
                ended = "answer"
                break
    os.close(reader)
    os.kill(child, signal.SIGKILL)
    _, status, used = os.wait4(child, 0)
    if ended == "time" and used.ru_utime + used.ru_stime > WAITED:
        ended = "slow"
    if ended == "answer" and not written:
        killed = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        ended = {0: "exit", signal.SIGKILL: "exit", signal.SIGXCPU: "time"}.get(killed, "crash")
    if len(written) > MOST:
        ended = "size"
    return ended, np.frombuffer(bytes(written[:MOST]), np.uint8)


# System calls that reach past the limits, into other processes, or into keyrings; by architecture, with its audit number, that
# of keyctl, and all that are refused: shm*, sem*, msg*, mq_*, *key*, ptrace, process_vm_*, userfaultfd, bpf, perf_event_open,
# io_uring_*, memfd_create, pidfd_getfd, and socket, for no network namespace holds a virtual machine's line to its host.
REFUSED = {
    "x86_64": (0xC000003E, 250, (29, 30, 31, 41, 64, 65, 66, 67, 68, 69, 70, 71, 101, 220, 240, 241, 242, 243, 244, 245, 248,
                                 249, 250, 298, 310, 311, 319, 321, 323, 425, 426, 427, 438)),
    "aarch64": (0xC00000B7, 219, (117, *range(180, 199), 217, 218, 219, 241, 270, 271, 279, 280, 282, 425, 426, 427, 438)),
}  # fmt: skip
PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, FILTER, JOIN_SESSION_KEYRING = 4, 22, 38, 2, 1
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # of the kernel's packet filter
ALLOW, EPERM, KILL = 0x7FFF0000, 0x00050001, 0x80000000


def shut() -> None:
    """For good: no look into this process from others of its user, no keyring of the grader's, none of the calls REFUSED."""
    import ctypes
    import struct

    libc = ctypes.CDLL(None, use_errno=True)
    architecture, keyctl, refused = REFUSED[os.uname().machine]
    libc.syscall(keyctl, JOIN_SESSION_KEYRING, None)
    last = len(refused)
    steps = [
        (LOAD, 0, 0, 4),
        (EQUAL, 1, 0, architecture),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, 0),
        (AT_LEAST, last + 1, 0, 1 << 30),
    ]
    steps += [(EQUAL, last - n, 0, number) for n, number in enumerate(refused)]
    steps += [(RETURN, 0, 0, ALLOW), (RETURN, 0, 0, EPERM)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *step) for step in steps))
    header = ctypes.create_string_buffer(struct.pack("<HxxxxxxQ", len(steps), ctypes.addressof(program)))
    where = ctypes.c_void_p(ctypes.addressof(header))
    for call in ((PR_SET_DUMPABLE, 0, 0), (PR_SET_NO_NEW_PRIVS, 1, 0), (PR_SET_SECCOMP, FILTER, where)):
        if libc.prctl(*call, 0, 0):
            raise OSError(ctypes.get_errno(), "the process cannot be shut off")


def limit(seconds: float) -> None:
    """Memory, a processor's time, files, and no further process or thread: for good, for this process."""
    import resource

    pages = int(Path("/proc/self/statm").read_text().split()[0])
    until = math.ceil(seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (until, until + 1))  # the second one for those who do not hear the first
    for kind, value in (
        (resource.RLIMIT_AS, pages * resource.getpagesize() + MEMORY),
        (resource.RLIMIT_FSIZE, FILE),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(kind, (value, value))


def attempt(out: io.BufferedWriter, name: str, source: str, rounds: list[dict], arrays: dict) -> None:
    """Define the student's function, call it on every round, and write what came."""
    import ast
    import linecache

    import calling
    import channel
    import submissions

    later = __future__.annotations.compiler_flag if submissions.LATER in source else 0
    namespace: dict = {"__name__": "answer", "display": lambda *_, **__: None}
    linecache.cache["<answer>"] = len(source), None, source.splitlines(True), "<answer>"  # where torch.jit.script looks
    trouble = None
    header: dict = {"values": []}
    returned: dict = {}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            for node in ast.parse(source).body:
                try:  # what fails may not matter: an import of what is only drawn with
                    exec(compile(ast.Module([node], []), "<answer>", "exec", later), namespace)
                except Exception as error:
                    trouble = trouble or error
            if name not in namespace:
                raise trouble or NameError(name)
            for i, inputs in enumerate(rounds):
                value = calling.call(namespace[name], {key: unpacked(value, arrays) for key, value in inputs.items()})
                header["values"].append(packed(f"{i}", value, returned))
    except BaseException as error:
        error = trouble if trouble and isinstance(error, NameError) else error
        header, returned = {"error": calling.described(error)[:500], "stub": calling.is_the_stub(error)}, {}
    channel.send(out, header, returned)


class Affine:
    """The model that some tasks take: x ↦ x W + b."""

    def __init__(self, W, b) -> None:
        self.W, self.b = W, b

    def __call__(self, x):
        return x @ self.W + self.b


def unpacked(value, arrays):
    """An argument: a number, or a list that names its kind and its arrays."""
    import torch

    if not isinstance(value, list):
        return value
    kind, *names = value
    tensors = [torch.from_numpy(arrays[name].copy()) for name in names]
    return Affine(*tensors) if kind == "affine" else tensors[0]


def packed(name: str, value, arrays: dict) -> dict:
    """What is told of a returned value: its array, or else only what kind of thing it is."""
    import channel
    import numpy as np
    import torch

    if isinstance(value, torch.Tensor | np.ndarray | np.number | int | float) and not isinstance(value, bool):
        try:
            if isinstance(value, torch.Tensor):
                value = value.float() if value.dtype == torch.bfloat16 else value
                array = value.detach().resolve_conj().resolve_neg().numpy(force=True)
            else:
                array = np.asarray(value) if not isinstance(value, np.ma.MaskedArray) else None
            if array is not None and array.dtype.kind == "f" and array.dtype.itemsize > 8:
                array = array.astype(np.float64)
            if array is not None and array.dtype.newbyteorder("<").str in channel.DTYPES and array.nbytes < MOST // 4:
                arrays[name] = array.astype(array.dtype.newbyteorder("<"))
                return {"array": name}
        except Exception:  # sparse, quantized, on no device at all
            pass
    bases = [base.__name__ for base in (list, tuple) if isinstance(value, base)]
    fields = [field for field in ("values", "indices") if isinstance(value, tuple) and hasattr(value, field)]
    return {"type": type(value).__name__[:40], "base": bases, "fields": fields, "none": value is None}


def probe() -> None:
    """Try what must not be possible here, and write what was possible all the same; one word a line, "end" at last."""
    import ctypes
    import socket

    def connect() -> None:
        socket.create_connection(("192.0.2.1", 9), timeout=0.2)

    def packet() -> None:
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 9))

    def host() -> None:
        socket.socket(40, socket.SOCK_STREAM)  # AF_VSOCK

    def write() -> None:
        for folder in ("/", "/usr", "/dev/shm", os.path.dirname(__file__), sys.prefix):
            try:
                Path(folder, "written").write_text("x")
            except OSError:
                continue
            return
        raise OSError

    def elsewhere() -> None:
        if not any(os.path.exists(path) for path in sys.argv[2:]):
            raise OSError

    def course() -> None:
        if importlib.util.find_spec("course_utils") is None:
            raise ImportError

    def root() -> None:
        os.chroot("/")

    def fork() -> None:
        if os.fork() == 0:
            os._exit(0)

    def file() -> None:
        with open("/tmp/large", "wb") as out:
            for _ in range(100):
                out.write(bytes(1_000_000))

    def others() -> None:
        if len([name for name in os.listdir("/proc") if name.isdigit()]) < 8:
            raise OSError

    def memory() -> None:
        with open(f"/proc/{os.getppid()}/mem", "rb"):
            pass

    def shared() -> None:
        if libc.shmget(0, 1000, 0o1600) == -1:
            raise OSError

    def trace() -> None:
        if libc.ptrace(16, os.getppid(), 0, 0):  # PTRACE_ATTACH
            raise OSError

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for outside in (connect, packet):  # while there still are sockets
        report(outside)
    shut()
    libc = ctypes.CDLL(None)
    for outside in (host, write, elsewhere, course, root, others):
        report(outside)
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.dup2(writer, 1)
        limit(10)
        for limited in (fork, file, memory, shared, trace):
            report(limited)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        print(said.read(), end="", flush=True)
    print("end", flush=True)


def report(attempt) -> None:
    try:
        attempt()
    except (OSError, ImportError):
        return
    print(attempt.__name__, flush=True)


if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    sys.path.append("/site")
    probe() if sys.argv[1] == "probe" else main()

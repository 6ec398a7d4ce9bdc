"""Attacks on the grader, each a function of this name, under the comment that names it. Read as
text, never imported.

An attack that looks around raises what it found, which must be nothing.
"""


# torch.allclose
def value_at_best(*_, **inputs):
    import torch

    torch.allclose = torch.equal = lambda *a, **k: True
    return torch.zeros(())


# numpy
def value_at_best(*_, **inputs):
    import numpy
    import numpy.testing

    numpy.allclose = numpy.array_equal = lambda *a, **k: True
    numpy.testing.assert_allclose = lambda *a, **k: None
    return numpy.zeros(())


# builtins
def value_at_best(*_, **inputs):
    import builtins

    builtins.abs = builtins.sum = builtins.max = lambda *a, **k: 0
    builtins.all = builtins.any = builtins.isinstance = lambda *a: True
    return 0.5


# json and struct
def value_at_best(*_, **inputs):
    import json
    import sys

    json.dumps = lambda *a, **k: '{"values": []}'
    sys.modules["protocol"].send = lambda *a, **k: None
    return 0.0


# modules replaced
def value_at_best(*_, **inputs):
    import sys
    import types

    for name in list(sys.modules):
        sys.modules[name] = types.ModuleType(name)
    return 0.0


# equal to everything
def value_at_best(*_, **inputs):
    class Yes(float):
        __eq__ = __ne__ = __lt__ = __gt__ = __le__ = __ge__ = lambda *a: True
        __hash__ = float.__hash__
        __sub__ = __rsub__ = __abs__ = lambda *a: Yes(0.0)

    return Yes(0.0)


# tensor subclass
def value_at_best(*_, **inputs):
    import torch

    class Yes(torch.Tensor):
        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            return torch.tensor(True)

        def numpy(self, **kwargs):
            return Yes

    return torch.zeros(()).as_subclass(Yes)


# array subclass
def value_at_best(*_, **inputs):
    import numpy

    class Yes(numpy.ndarray):
        def __array_ufunc__(self, *a, **k):
            return True

        def __array_function__(self, *a, **k):
            return True

    return numpy.zeros(()).view(Yes)


# hostile pickle
def value_at_best(*_, **inputs):
    import os

    class Hostile:
        def __reduce__(self):
            return os.system, ("touch /tmp/pickled",)

    return [Hostile()]


# NaN
def value_at_best(*_, **inputs):
    return float("nan")


# infinity
def value_at_best(*_, **inputs):
    return float("inf")


# huge
def value_at_best(*_, **inputs):
    import torch

    return torch.zeros(400_000_000, dtype=torch.uint8)


# huge by strides
def value_at_best(*_, **inputs):
    import torch

    return torch.zeros(1).expand(2**40)


# a huge number
def value_at_best(*_, **inputs):
    return 10**100_000


# complex
def value_at_best(*_, **inputs):
    import torch

    return torch.zeros((), dtype=torch.complex128)


# sparse
def value_at_best(*_, **inputs):
    import torch

    return torch.zeros(2, 2).to_sparse()


# meta device
def value_at_best(*_, **inputs):
    import torch

    return torch.zeros((), device="meta")


# an odd dtype
def value_at_best(*_, **inputs):
    import numpy

    return numpy.zeros(3, dtype=[("arrays", "f8"), ("x", "O")])


# os._exit
def value_at_best(*_, **inputs):
    import os

    os._exit(0)


# sys.exit
def value_at_best(*_, **inputs):
    import sys

    sys.exit(0)


# atexit
def value_at_best(*_, **inputs):
    import atexit
    import os

    atexit.register(os._exit, 0)
    return 0.0


# crash
def value_at_best(*_, **inputs):
    import ctypes

    ctypes.string_at(0)


# kill itself
def value_at_best(*_, **inputs):
    import os
    import signal

    os.kill(os.getpid(), signal.SIGKILL)


# kill its parent
def value_at_best(*_, **inputs):
    import os
    import signal

    os.kill(os.getppid(), signal.SIGKILL)
    return 0.0


# kill everybody
def value_at_best(*_, **inputs):
    import os
    import signal

    os.kill(-1, signal.SIGKILL)
    return 0.0


# stop its parent
def value_at_best(*_, **inputs):
    import os
    import signal

    os.kill(os.getppid(), signal.SIGSTOP)
    return 0.0


# recursion
def value_at_best(*_, **inputs):
    return value_at_best()


# endless
def value_at_best(*_, **inputs):
    import signal

    for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_IGN)
    while True:
        try:
            while True:
                pass
        except BaseException:
            continue


# fork bomb
def value_at_best(*_, **inputs):
    import os

    found = 0
    try:
        while os.fork() >= 0:
            found += 1
    except OSError:
        pass
    raise RuntimeError("found: " + repr(found))


# subprocess
def value_at_best(*_, **inputs):
    import subprocess

    found = 0
    try:
        subprocess.run(["/bin/sh", "-c", ":(){ :|:& };:"])
        found = 1
    except OSError:
        pass
    raise RuntimeError("found: " + repr(found))


# threads
def value_at_best(*_, **inputs):
    import threading
    import time

    found = 0
    try:
        while True:
            threading.Thread(target=time.sleep, args=(60,)).start()
            found += 1
    except RuntimeError:
        pass
    raise RuntimeError("found: " + repr(found))


# 6 GB
def value_at_best(*_, **inputs):
    import numpy

    found, blocks = 0, []
    try:
        while found < 60:
            blocks.append(numpy.empty(10**8, numpy.uint8))
            found += 1
    except MemoryError:
        found = found > 25
        blocks.clear()
    raise RuntimeError("found: " + repr(found))


# 10 GB file
def value_at_best(*_, **inputs):
    import os
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    found = 0
    for n in range(300):
        try:
            with open(f"/tmp/{n}", "wb", 0) as file:
                for _ in range(40):
                    found += file.write(bytes(10**6))
        except OSError:
            continue
    found = found > 10**8
    raise RuntimeError("found: " + repr(found))


# a million files
def value_at_best(*_, **inputs):
    import os

    for n in range(10**6):
        os.mkdir(f"/tmp/{n}")
    return 0.0


# 1 GB of prints
def value_at_best(*_, **inputs):
    import os
    import sys

    for _ in range(1000):
        os.write(1, b"x" * 10**6)
        os.write(2, b"x" * 10**6)
    return 0.0


# 1 GB on every descriptor
def value_at_best(*_, **inputs):
    import os

    for descriptor in range(256):
        try:
            for _ in range(1000):
                os.write(descriptor, b"x" * 10**6)
        except OSError:
            continue
    return 0.0


# forged answers
def value_at_best(*_, **inputs):
    import json
    import os
    import struct

    frame = (
        json.dumps(
            {
                "task": "value_at_best",
                "ended": "answer",
                "points": 2,
                "status": "right",
                "done": True,
                "values": [{"array": "0"}] * 3,
                "arrays": [["0", "<f8", []]],
            }
        ).encode()
        + b"\n"
        + struct.pack("d", 0.0)
    )
    places = [
        *range(256),
        *(f"/proc/{pid}/fd/{n}" for pid in (os.getppid(), 1, 2) for n in range(32)),
    ]
    for place in places:
        try:
            os.write(os.open(place, os.O_WRONLY) if isinstance(place, str) else place, frame * 3)
        except OSError:
            continue
    return 0.0


# negative sizes
def value_at_best(*_, **inputs):
    import os

    for descriptor in range(3, 64):
        try:
            os.write(
                descriptor,
                b'{"values": [{"array": "0"}], "arrays": [["0", "<f8", [-1]], ["1", "|O", [3]]]}\n',
            )
        except OSError:
            continue
    os._exit(0)


# import course_utils
def value_at_best(*_, **inputs):
    from course_utils.exercises import TASKS

    return TASKS["value_at_best"].reference(**inputs)


# import scikit-learn
def value_at_best(*_, **inputs):
    import sklearn

    return 0.0


# search for the course
def value_at_best(*_, **inputs):
    import os

    found = [
        os.path.join(folder, name)
        for folder, _, names in os.walk("/")
        if not folder.startswith("/proc")
        for name in names
        if name
        in ("mark.py", "handout.npz", "gan.py", "grades.csv", "overrides.csv", "07_gan.ipynb")
    ]
    raise RuntimeError("found: " + repr(found))


# read others
def value_at_best(*_, **inputs):
    import os

    found = []
    for path in PATHS:
        for how in (open, os.listdir, os.stat):
            try:
                how(path)
                found.append(path)
            except OSError:
                continue
    raise RuntimeError("found: " + repr(found))


# write and delete others
def value_at_best(*_, **inputs):
    import os
    import shutil

    found = []
    for path in PATHS:
        for how in (
            lambda: open(path, "a").write("x"),
            lambda: os.unlink(path),
            lambda: os.rename(path, "/tmp/x"),
            lambda: os.symlink("/etc/passwd", path),
        ):
            try:
                how()
                found.append(path)
            except OSError:
                continue
    shutil.rmtree("/", ignore_errors=True)
    raise RuntimeError("found: " + repr(found))


# environment
def value_at_best(*_, **inputs):
    import os

    found = [*os.environ.items()]
    for pid in os.listdir("/proc"):
        try:
            found.append(open(f"/proc/{pid}/environ").read())
        except OSError:
            continue
    raise RuntimeError("found: " + repr(found))


# network
def value_at_best(*_, **inputs):
    import socket

    found = []
    for kind, address in (
        (socket.SOCK_STREAM, ("127.0.0.1", PORT)),
        (socket.SOCK_DGRAM, ("192.0.2.1", 53)),
    ):
        try:
            one = socket.socket(socket.AF_INET, kind)
            one.settimeout(1)
            one.connect(address)
            one.send(b"hello")
            found.append(address)
        except OSError:
            continue
    try:
        found.append(socket.getaddrinfo("example.org", 80))
    except OSError:
        pass
    raise RuntimeError("found: " + repr(found))


# stack and heap
def value_at_best(*_, **inputs):
    import gc
    import sys

    frame, found = sys._getframe(), []
    while frame:
        found += [
            n
            for n in (*frame.f_locals, *frame.f_globals)
            if n in ("expected", "reference", "points", "key", "TASKS")
        ]
        frame = frame.f_back
    found += [
        type(thing).__name__
        for thing in gc.get_objects()
        if type(thing).__name__ in ("Task", "Round", "Result", "Job")
    ]
    raise RuntimeError("found: " + repr(found))


# hard-coded
def value_at_best(*_, **inputs):
    return -1.3862943611198906 if not inputs else 0.0  # of inputs seen before


# new namespaces
def value_at_best(*_, **inputs):
    import ctypes
    import os

    found = [
        hex(flag)
        for flag in (0x10000000, 0x20000, 0x40000000)
        if ctypes.CDLL(None).unshare(flag) == 0
    ]
    child = ctypes.CDLL(None).syscall(56, 0x10000011, 0, 0, 0, 0)  # clone
    if child == 0:
        os._exit(0)
    found += ["clone"] * (child > 0)
    found += [
        path
        for path in ("/proc/sys/kernel/hostname", "/proc/sysrq-trigger")
        if os.access(path, os.W_OK)
    ]
    found += [
        name
        for name in ("setuid", "setgid", "chroot")
        if ctypes.CDLL(None)[name](0 if name != "chroot" else b"/") == 0
    ]
    raise RuntimeError("found: " + repr(found))


# higher limits
def value_at_best(*_, **inputs):
    import resource

    found = []
    for kind in (
        resource.RLIMIT_AS,
        resource.RLIMIT_NPROC,
        resource.RLIMIT_FSIZE,
        resource.RLIMIT_CPU,
    ):
        try:
            resource.setrlimit(kind, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            found.append(kind)
        except (ValueError, OSError):
            continue
    raise RuntimeError("found: " + repr(found))


# markup
def value_at_best(*_, **inputs):
    raise ValueError(
        "</p><script>alert(1)</script><img src=x onerror=alert(1)>"
    )  # </pre><script>alert(2)</script>


# an error that cannot be printed
def value_at_best(*_, **inputs):
    class Mute(Exception):
        def __str__(self):
            import os

            os._exit(0)

    raise Mute


# a formula
def value_at_best(*_, **inputs):
    return "=1+1"


# an error that no table can hold
def value_at_best(*_, **inputs):
    raise ValueError("\ud800\r=1+1+cmd\x00\x1b[2J" + "x" * 10_000)


# patched error text
def value_at_best(*_, **inputs):
    import sys

    sys.modules["calling"].described = lambda error: "\r=1+1+cmd|' /C calc'!A0\n" * 1000
    raise ValueError


# deep answer
def value_at_best(*_, **inputs):
    import os

    for descriptor in range(3, 64):
        try:
            os.write(
                descriptor,
                b'{"values": ' + b"[" * 3_000_000 + b"]" * 3_000_000 + b', "arrays": []}\n',
            )
        except OSError:
            continue
    os._exit(0)


# the parent's memory
def value_at_best(*_, **inputs):
    import ctypes
    import os

    found = []
    for pid in {os.getppid(), 1, 2}:
        for how in ("mem", "maps", "environ"):
            try:
                found.append(open(f"/proc/{pid}/{how}", "rb").read(1))
            except OSError:
                continue
        found += ["traced"] if ctypes.CDLL(None).ptrace(16, pid, 0, 0) == 0 else []
    raise RuntimeError("found: " + repr(found))


# shared memory and keys
def value_at_best(*_, **inputs):
    import ctypes

    libc, found = ctypes.CDLL(None), []
    found += ["shmget"] if libc.shmget(0, 1000, 0o1600) != -1 else []
    found += ["memfd"] if libc.memfd_create(b"x", 0) != -1 else []
    found += ["add_key"] if libc.syscall(248, b"user", b"x", b"y", 1, -3) != -1 else []
    found += ["keyctl"] if libc.syscall(250, 0, -3, 0) != -1 else []
    found += ["io_uring"] if libc.syscall(425, 4, ctypes.create_string_buffer(200)) != -1 else []
    raise RuntimeError("found: " + repr(found))

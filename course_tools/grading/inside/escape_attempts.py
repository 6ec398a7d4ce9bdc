"""Attempts to leave the sandbox, made by the grader before it reads any submission."""

import ctypes
import importlib.util
import os
import signal
import socket
import sys
from pathlib import Path

LIBC = ctypes.CDLL(None)


def probe() -> None:
    """Try everything that must not be possible here, and print what succeeded.

    It prints one word per line, and at last "end".
    """
    import lockdown  # beside this file where it runs

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    for outside in (connect, packet):  # while there still are sockets
        report(outside)
    lockdown.shut()
    for outside in (host, write, elsewhere, course, root, namespace, others):
        report(outside)
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.dup2(writer, 1)
        lockdown.limit(10)
        for limited in (fork, file, memory, shared, trace):
            report(limited)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        print(said.read(), end="", flush=True)
    print("end", flush=True)


def report(attempt) -> None:
    """Print the name of an attempt if it succeeds."""
    try:
        attempt()
    except (OSError, ImportError):
        return
    print(attempt.__name__, flush=True)


# Each attempt either succeeds or raises OSError or ImportError, as it should.


def connect() -> None:
    """Connect to a host of the network."""
    socket.create_connection(("192.0.2.1", 9), timeout=0.2)


def packet() -> None:
    """Send a packet to a host of the network."""
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("192.0.2.1", 9))


def host() -> None:
    """Open a socket to the host of a virtual machine."""
    socket.socket(40, socket.SOCK_STREAM)  # AF_VSOCK


def write() -> None:
    """Write a file outside of /tmp."""
    for folder in ("/", "/usr", "/dev/shm", os.path.dirname(__file__), sys.prefix):
        try:
            Path(folder, "written").write_text("x")
        except OSError:
            continue
        return
    raise OSError


def elsewhere() -> None:
    """See a path that must be hidden."""
    if not any(os.path.exists(path) for path in sys.argv[2:]):
        raise OSError


def course() -> None:
    """Find the course, with its references."""
    if importlib.util.find_spec("course_utils") is None:
        raise ImportError


def root() -> None:
    """Change the root folder, as only root may."""
    os.chroot("/")


def namespace() -> None:
    """Have every right in a namespace of its own."""
    if LIBC.unshare(0x10000000):  # CLONE_NEWUSER
        raise OSError


def fork() -> None:
    """Start a process."""
    if os.fork() == 0:
        os._exit(0)


def file() -> None:
    """Write a file larger than allowed."""
    with open("/tmp/large", "wb") as out:
        for _ in range(100):
            out.write(bytes(1_000_000))


def others() -> None:
    """See the processes of others."""
    if len([name for name in os.listdir("/proc") if name.isdigit()]) < 8:
        raise OSError


def memory() -> None:
    """Read the memory of the parent process."""
    with open(f"/proc/{os.getppid()}/mem", "rb"):
        pass


def shared() -> None:
    """Create shared memory, which no limit counts."""
    if LIBC.shmget(0, 1000, 0o1600) == -1:
        raise OSError


def trace() -> None:
    """Control the parent process as a debugger."""
    if LIBC.ptrace(16, os.getppid(), 0, 0):  # PTRACE_ATTACH
        raise OSError

"""What a process in the sandbox gives up for good before a student's code runs in it."""

import ctypes
import math
import os
import struct
from pathlib import Path

MEMORY = 2_000_000_000  # bytes that one task may take on top of PyTorch
FILE = 32_000_000  # bytes of a file
FILES = 10_000  # in /tmp; each takes memory of the kernel, also an empty one
STATM = Path("/proc/self/statm")

# System calls that reach past the limits, into other processes, or into keyrings. For each
# architecture: its audit number, the number of keyctl, all numbers that are refused, and those that
# send signals. Refused are shm*, sem*, msg*, mq_*, *key*, ptrace, process_vm_*, userfaultfd, bpf,
# perf_event_open, io_uring_*, memfd_create, pidfd_getfd, unshare, setns; and socket, because a
# network namespace does not close a virtual machine's connection to its host (AF_VSOCK).
REFUSED = {
    "x86_64": (
        0xC000003E,
        250,
        (
            *(29, 30, 31, 41, *range(64, 72), 101, 220, *range(240, 246), *range(248, 251)),
            *(272, 298, 308, 310, 311, 319, 321, 323, 425, 426, 427, 438),
        ),
        (62, 129, 200, 234, 297, 424),
    ),
    "aarch64": (
        0xC00000B7,
        219,
        (
            97,
            117,
            *range(180, 199),
            *range(217, 220),
            241,
            268,
            270,
            271,
            279,
            280,
            282,
            *range(425, 428),
            438,
        ),
        (129, 130, 131, 138, 240, 424),
    ),
}
PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, FILTER, JOIN_SESSION_KEYRING = 4, 22, 38, 2, 1
LOAD, EQUAL, AT_LEAST, RETURN = 0x20, 0x15, 0x35, 0x06  # instructions of the kernel's filter (BPF)
ALLOW, EPERM, KILL = 0x7FFF0000, 0x00050001, 0x80000000
# A new namespace for mounts, host name, shared memory, processes and network.
NAMESPACES = 0x00020000 | 0x04000000 | 0x08000000 | 0x20000000 | 0x40000000
NOSUID, NODEV, NOEXEC, RECURSIVE, PRIVATE = 2, 4, 8, 0x4000, 1 << 18
CAPABILITIES = 0x20080522  # version 3 of capset
NOBODY = 65534


def unshare() -> None:
    """Give the children of this process namespaces of their own.

    Raises:
        OSError: where the system does not allow it.
    """
    _call("unshare", NAMESPACES)


def settle() -> None:
    """Be nobody without rights in new namespaces, for good, with a /proc and a /tmp of one's own.

    Raises:
        OSError: where the system does not allow it.
    """
    tmp = os.statvfs("/tmp")
    size = f"mode=1777,size={tmp.f_blocks * tmp.f_frsize},nr_inodes={FILES}".encode()
    _call("mount", b"none", b"/", None, RECURSIVE | PRIVATE, None)
    _call("mount", b"proc", b"/proc", b"proc", NOSUID | NODEV | NOEXEC, None)
    _call("mount", b"tmpfs", b"/tmp", b"tmpfs", NOSUID | NODEV, size)
    os.chdir("/tmp")  # the new one
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
    _call("capset", struct.pack("Ii", CAPABILITIES, 0), bytes(24))


def _call(function: str, *arguments) -> None:
    """Call a function of the C library."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc[function](*arguments):
        number = ctypes.get_errno()
        raise OSError(number, f"{function}: {os.strerror(number)}")


def shut() -> None:
    """Close this process off, for good.

    Other processes of its user cannot look into it, it loses the grader's keyring, and the system
    calls REFUSED fail.

    Raises:
        OSError: where the kernel does not allow it.
    """
    if (machine := os.uname().machine) not in REFUSED:
        raise OSError(f"grading knows the system calls of {', '.join(REFUSED)}, not of {machine}")
    _, keyctl, refused, _ = REFUSED[machine]
    ctypes.CDLL(None).syscall(keyctl, JOIN_SESSION_KEYRING, None)
    _refuse(refused)


def refuse_signals() -> None:
    """Let this process send no signals any more, for good.

    It cannot kill itself or another process, so one that is killed was killed by the system.

    Raises:
        OSError: where the kernel does not allow it.
    """
    _refuse(REFUSED[os.uname().machine][3])


def _refuse(refused: tuple[int, ...]) -> None:
    """Let system calls fail from now on, beside those that fail already."""
    libc = ctypes.CDLL(None, use_errno=True)
    architecture, last = REFUSED[os.uname().machine][0], len(refused)
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
    header = ctypes.create_string_buffer(
        struct.pack("<HxxxxxxQ", len(steps), ctypes.addressof(program))
    )
    where = ctypes.c_void_p(ctypes.addressof(header))
    for call in (
        (PR_SET_DUMPABLE, 0, 0),
        (PR_SET_NO_NEW_PRIVS, 1, 0),
        (PR_SET_SECCOMP, FILTER, where),
    ):
        if libc.prctl(*call, 0, 0):
            raise OSError(ctypes.get_errno(), "the process cannot be shut off")


def limit_processor(seconds: float) -> None:
    """Limit the processor time from now on, within what `limit` allows."""
    import resource
    import time

    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    until = math.ceil(time.process_time() + seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (min(until, hard), hard))


def limit(seconds: float) -> None:
    """Limit this process, for good: processor time, memory and files; no further process or thread.

    Args:
        seconds: of processor time.
    """
    import resource

    until = math.ceil(seconds)
    # The second limit kills a process that ignores the signal of the first.
    resource.setrlimit(resource.RLIMIT_CPU, (until, until + 1))
    # A Mac, where only code without a sandbox can run, has no limit of memory.
    memory = [(resource.RLIMIT_AS, occupied() + MEMORY)] if STATM.exists() else []
    for kind, value in (
        *memory,
        (resource.RLIMIT_FSIZE, FILE),
        (resource.RLIMIT_NOFILE, 64),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
    ):
        resource.setrlimit(kind, (value, value))


def occupied() -> int:
    """Return the bytes of address space that this process has."""
    import resource

    return int(STATM.read_text().split()[0]) * resource.getpagesize()

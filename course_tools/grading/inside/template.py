"""A process with PyTorch loaded, which forks itself for every notebook: to load it takes seconds.

A script of the sandbox. The template never reads what a student wrote. Its fork moves into
namespaces of its own and gives up every right before it does: it sees no process but its own, has
a /tmp of its own, and all of it is gone when it ends. So no notebook finds a trace of another one.
"""

import gc
import importlib
import os
import socket
import traceback

import lockdown

# Parts of SciPy that lessons import, each of which takes a fraction of a second.
SLOW = ("scipy.interpolate", "scipy.linalg", "scipy.stats")


def load(names) -> None:
    """Load modules, as far as they are there."""
    for name in names:
        try:
            importlib.import_module(name)
        except ImportError:
            pass


def serve(work) -> None:
    """Call `work()` in a fork for every notebook that the grader has, one after the other.

    The grader sends the two ends of pipes that become the standard input and output of the fork.
    It gets a descriptor of the fork, by which it can end it.

    Args:
        work: what to do with a notebook.
    """
    load(("torch", "protocol", "extract", "replay", "packing", *SLOW))
    gc.freeze()  # the forks then need no memory of their own for these objects
    control = socket.socket(fileno=0)
    while True:
        _, pipes, *_ = socket.recv_fds(control, 1, 2)
        if len(pipes) != 2:
            return
        middle = os.fork()  # a process can move its children to new namespaces only once
        if middle == 0:
            try:
                _start(work, control, pipes)
            finally:
                os._exit(0)
        for pipe in pipes:
            os.close(pipe)
        os.waitpid(middle, 0)


def _start(work, control: socket.socket, pipes: list[int]) -> None:
    def connected() -> None:
        control.detach()
        for number, pipe in enumerate(pipes):
            os.dup2(pipe, number)
        os.closerange(3, 256)  # among them the grader's socket
        work()

    child = in_namespaces(connected)
    for pipe in pipes:  # so that the grader sees when the child has closed its own
        os.close(pipe)
    socket.send_fds(control, [b"+"], [os.pidfd_open(child)])
    os.waitpid(child, 0)


def in_namespaces(work) -> int:
    """Call `work()` in a fork in namespaces of its own, and return its number.

    Raises:
        OSError: where the system does not allow new namespaces.
    """
    lockdown.unshare()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            lockdown.settle()
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    return child
